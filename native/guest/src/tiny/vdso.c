#include "vdso.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

vdso_clock vdso_clock_gettime;

#if defined(__x86_64__)
#define CLOCK_SYMBOL "__vdso_clock_gettime"
#else
#define CLOCK_SYMBOL "__kernel_clock_gettime"
#endif

/* The image is linked at an address of its own: what its first loaded segment says, less where that lies in the file. */
static const char *load_base(const Elf64_Ehdr *image)
{
    const Elf64_Phdr *segment = (const void *)((const char *)image + image->e_phoff);
    for (int i = 0; i < image->e_phnum; i++)
        if (segment[i].p_type == PT_LOAD)
            return (const char *)image + segment[i].p_offset - segment[i].p_vaddr;
    return (const char *)image;
}

void vdso_find(const void *start)
{
    const Elf64_Ehdr *image = start;
    if (image == NULL || memcmp(image->e_ident, ELFMAG, SELFMAG) != 0)
        return;
    const Elf64_Shdr *sections = (const void *)((const char *)image + image->e_shoff);
    for (int i = 0; i < image->e_shnum; i++) {
        if (sections[i].sh_type != SHT_DYNSYM || sections[i].sh_link >= image->e_shnum)
            continue;
        const Elf64_Sym *symbols = (const void *)((const char *)image + sections[i].sh_offset);
        const char *names = (const char *)image + sections[sections[i].sh_link].sh_offset;
        for (Elf64_Xword s = 0; s < sections[i].sh_size / sizeof *symbols; s++)
            if (strcmp(names + symbols[s].st_name, CLOCK_SYMBOL) == 0)
                vdso_clock_gettime = (vdso_clock)(load_base(image) + symbols[s].st_value);
    }
}
