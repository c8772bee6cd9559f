/* The kernel's code in our address space that reads the clock without a system call, where the machine's clock allows. */
#ifndef VDSO_H
#define VDSO_H

#include <time.h>

typedef int (*vdso_clock)(clockid_t, struct timespec *);

/* NULL until found, and where the kernel has none. */
extern vdso_clock vdso_clock_gettime;

/* Looks through the symbols of the image that begins at `image` (vdso(7)). */
void vdso_find(const void *image);

#endif
