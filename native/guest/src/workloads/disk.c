/*
 * Writing and reading a file, page by page from its start to its end, again and again. The file has no name, so that
 * nothing of it is left behind whatever ends the lane.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "lane.h"
#include "text.h"

/* Bytes that are written at once when the file for reading is made. */
#define CHUNK (16 * PAGE)
#define NAME_LENGTH (PATH_LENGTH + 64)

static struct disk {
    int file;
    bool reads;
    int64_t page, pages;
    uint64_t round, seed;
    uint8_t *buffer;   /* what goes to the disk or comes from it; O_DIRECT wants it aligned */
    uint8_t *expected; /* what should come */
} disk;

/* Noise that differs for every page of every round: what is written does not compress, and cannot be taken for another page. */
static void fill(uint8_t *to, int64_t page)
{
    uint64_t state = disk.seed ^ (uint64_t)page * 0x9e3779b97f4a7c15ULL ^ disk.round * 0xd1342543de82ef95ULL;
    for (long at = 0; at < PAGE; at += (long)sizeof state) {
        /* splitmix64 (Steele, Lea, Flood 2014) */
        uint64_t word = state += 0x9e3779b97f4a7c15ULL;
        word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9ULL;
        word = (word ^ word >> 27) * 0x94d049bb133111ebULL;
        word ^= word >> 31;
        memcpy(to + at, &word, sizeof word);
    }
}

static int open_named(const struct lane *lane)
{
    char path[NAME_LENGTH] = "";
    words_append(path, sizeof path, lane->options->directory);
    words_append(path, sizeof path, "/.migrascope-");
    words_append_number(path, sizeof path, getpid());
    words_append(path, sizeof path, "-");
    words_append_number(path, sizeof path, lane->number);
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0)
        unlink(path);
    return file;
}

static bool open_file(struct lane *lane)
{
    const char *directory = lane->options->directory;
    char words[WHY_LENGTH] = "no file can be made in ";
    disk.file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    /* Not every file system can make a file without a name; kernels before 3.11 take it for the directory itself. */
    if (disk.file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        disk.file = open_named(lane);
    if (disk.file < 0) {
        int error = errno;
        words_append(words, sizeof words, directory);
        return lane_cannot(lane, words, error);
    }
    /* Afterwards, and not with open(): so it is this that the file system refuses, and nothing else. */
    if (lane->options->direct && fcntl(disk.file, F_SETFL, (long)O_DIRECT) < 0) {
        lane_cannot(lane, "the page cache cannot be bypassed (O_DIRECT) on the file system of ", 0);
        words_append(lane->why, sizeof lane->why, directory);
        return false;
    }
    return true;
}

static bool enough_space(struct lane *lane)
{
    struct statfs system;
    if (fstatfs(disk.file, &system) < 0)
        return lane_cannot(lane, "the free space is not known", errno);
    /* RAM file systems without a limit have no blocks at all. */
    int64_t available = (int64_t)system.f_bavail * (int64_t)(system.f_frsize > 0 ? system.f_frsize : system.f_bsize);
    if (system.f_blocks == 0 || available >= lane->options->size)
        return true;
    lane_cannot(lane, "needs ", 0);
    words_append_number(lane->why, sizeof lane->why, lane->options->size);
    words_append(lane->why, sizeof lane->why, " bytes in ");
    words_append(lane->why, sizeof lane->why, lane->options->directory);
    words_append(lane->why, sizeof lane->why, ", ");
    words_append_number(lane->why, sizeof lane->why, available);
    words_append(lane->why, sizeof lane->why, " are free");
    return false;
}

/* Returns whether all was written; what a disk takes only in part, it refuses when asked for the rest. */
static bool write_whole(struct lane *lane, const uint8_t *from, long length, int64_t at)
{
    while (length > 0) {
        ssize_t written = pwrite(disk.file, from, (size_t)length, (off_t)at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return lane_cannot(lane, "the file cannot be written", written < 0 ? errno : ENOSPC);
        from += written;
        at += written;
        length -= written;
    }
    return true;
}

/* Data in every page: a hole would be read from nowhere. On the disk before the reading begins, not during it. */
static bool create_content(struct lane *lane)
{
    uint8_t *chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (chunk == MAP_FAILED)
        return lane_cannot(lane, "no memory for a buffer", errno);
    bool done = true;
    for (int64_t page = 0; done && page < disk.pages;) {
        long length = 0;
        int64_t at = page * PAGE;
        for (; length < CHUNK && page < disk.pages; length += PAGE)
            fill(chunk + length, page++);
        done = write_whole(lane, chunk, length, at);
        if (done && lane->journal->told != 0)
            done = lane_cannot(lane, "stopped while the file was being made", 0);
    }
    munmap(chunk, CHUNK);
    if (done && fdatasync(disk.file) < 0)
        return lane_cannot(lane, "the file cannot be written", errno);
    return done;
}

static bool prepare(struct lane *lane, bool reads)
{
    disk = (struct disk){ .file = -1, .reads = reads, .pages = lane->options->size / PAGE, .seed = lane->options->seed };
    lane->unit_bytes = 1;
    lane->operation = PAGE;
    lane->requested = 2 * PAGE;
    disk.buffer = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (disk.buffer == MAP_FAILED)
        return lane_cannot(lane, "no memory for a buffer", errno);
    disk.expected = disk.buffer + PAGE;
    return open_file(lane) && enough_space(lane) && (!reads || create_content(lane));
}

static bool prepare_write(struct lane *lane) { return prepare(lane, false); }
static bool prepare_read(struct lane *lane) { return prepare(lane, true); }

/* A page is never divided: where less is due it is done early, and the rate waits until it is made up for. */
static int64_t step(struct lane *lane, int64_t units)
{
    (void)units;
    int64_t at = disk.page * PAGE;
    if (disk.reads) {
        ssize_t length = pread(disk.file, disk.buffer, PAGE, (off_t)at);
        if (length < 0 && errno == EINTR)
            return 0;
        if (length < 0) {
            lane_cannot(lane, "the file cannot be read", errno);
            return -1;
        }
        fill(disk.expected, disk.page);
        if (length != PAGE || memcmp(disk.buffer, disk.expected, PAGE) != 0)
            lane->stale++;
    } else {
        fill(disk.buffer, disk.page);
        if (!write_whole(lane, disk.buffer, PAGE, at))
            return -1;
    }
    if (++disk.page == disk.pages) {
        disk.page = 0;
        if (!disk.reads)
            disk.round++;
    }
    return PAGE;
}

static void finish(struct lane *lane)
{
    (void)lane;
    if (disk.file >= 0)
        close(disk.file);
}

const struct workload DISK_WRITE = { "disk-write", "byte", prepare_write, step, finish };
const struct workload DISK_READ = { "disk-read", "byte", prepare_read, step, finish };
