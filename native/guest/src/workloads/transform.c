#include "transform.h"

#define PI 3.14159265358979323846
#define BITS 8

/* Sine by its series: for arguments up to π, 13 terms are exact to the last digit. */
static double sine(double x)
{
    double term = x, sum = x;
    for (int n = 1; n < 14; n++) {
        term *= -x * x / ((2 * n) * (2 * n + 1));
        sum += term;
    }
    return sum;
}

void transform_roots(struct complex *roots)
{
    for (int k = 0; k < TRANSFORM_LENGTH / 2; k++) {
        double angle = 2 * PI * k / TRANSFORM_LENGTH;
        roots[k] = (struct complex){ .real = sine(PI / 2 - angle), .imaginary = -sine(angle) };
    }
}

static int reversed(int index)
{
    int result = 0;
    for (int bit = 0; bit < BITS; bit++)
        result |= (index >> bit & 1) << (BITS - 1 - bit);
    return result;
}

void transform(struct complex *numbers, const struct complex *roots)
{
    for (int i = 0; i < TRANSFORM_LENGTH; i++) {
        int j = reversed(i);
        if (j > i) {
            struct complex swapped = numbers[i];
            numbers[i] = numbers[j];
            numbers[j] = swapped;
        }
    }
    for (int half = 1; half < TRANSFORM_LENGTH; half *= 2)
        for (int start = 0; start < TRANSFORM_LENGTH; start += 2 * half)
            for (int k = 0; k < half; k++) {
                struct complex root = roots[k * (TRANSFORM_LENGTH / 2 / half)];
                struct complex *a = &numbers[start + k], *b = &numbers[start + k + half];
                double real = b->real * root.real - b->imaginary * root.imaginary;
                double imaginary = b->real * root.imaginary + b->imaginary * root.real;
                *b = (struct complex){ a->real - real, a->imaginary - imaginary };
                *a = (struct complex){ a->real + real, a->imaginary + imaginary };
            }
    for (int i = 0; i < TRANSFORM_LENGTH; i++) {
        numbers[i].real /= 16; /* √256 */
        numbers[i].imaginary /= 16;
    }
}
