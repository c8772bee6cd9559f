/*
 * The program's entry without a C library: the system hands over the arguments on the stack, and the library is what this
 * folder implements. A static glibc would take as much memory as everything that the agent may add to a guest.
 */
#include <elf.h>
#include <unistd.h>

#include "vdso.h"

int main(int count, char **words);

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n hlt\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x0, sp\n bl begin\n brk #0\n");
#else
#error "no entry is known for this machine"
#endif

/* The stack at the start: count, words, NULL, environment, NULL, auxiliary vector. */
__attribute__((used, noreturn)) void begin(long *stack)
{
    int count = (int)stack[0];
    char **words = (char **)(stack + 1);
    char **environment = words + count + 1;
    while (*environment != NULL)
        environment++;
    for (const Elf64_auxv_t *entry = (const void *)(environment + 1); entry->a_type != AT_NULL; entry++)
        if (entry->a_type == AT_SYSINFO_EHDR)
            vdso_find((const void *)entry->a_un.a_val);
    _exit(main(count, words));
}
