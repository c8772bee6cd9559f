/* The discrete Fourier transform of TRANSFORM_LENGTH numbers, in place (Cooley and Tukey, 1965). */
#ifndef TRANSFORM_H
#define TRANSFORM_H

#define TRANSFORM_LENGTH 256

struct complex {
    double real, imaginary;
};

/* The first half of the roots of unity, e^(−2πik/TRANSFORM_LENGTH). */
void transform_roots(struct complex *roots);
/* Divides by the square root of the length, so that transforming again and again keeps the numbers' size. */
void transform(struct complex *numbers, const struct complex *roots);

#endif
