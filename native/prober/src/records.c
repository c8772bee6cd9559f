#include "records.h"

#include "bytes.h"

void header_encode(uint8_t out[HEADER_LENGTH], const struct header *header)
{
    memset(out, 0, HEADER_LENGTH);
    memcpy(out, "MSPROBE1", 8);
    put_le32(out + 8, HEADER_LENGTH);
    put_le32(out + 12, RECORD_LENGTH);
    put_le64(out + 16, (uint64_t)header->interval_ns);
    put_le64(out + 24, header->nonce);
    put_le64(out + 32, (uint64_t)header->start_mono_ns);
    put_le64(out + 40, (uint64_t)header->start_wall_ns);
    out[48] = header->family;
}

void record_encode(uint8_t out[RECORD_LENGTH], const struct record *record)
{
    out[0] = record->kind;
    out[1] = record->flags;
    put_le16(out + 2, record->error);
    put_le32(out + 4, record->count);
    put_le64(out + 8, record->sequence);
    put_le64(out + 16, (uint64_t)record->mono_ns);
    put_le64(out + 24, (uint64_t)record->wall_ns);
    put_le64(out + 32, (uint64_t)record->scheduled_ns);
}
