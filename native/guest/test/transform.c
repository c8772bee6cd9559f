#include "workloads/transform.h"

#include "expect.h"
#include "order.h"

#define N TRANSFORM_LENGTH

static struct complex roots[N / 2];

static struct complex times(struct complex a, struct complex b)
{
    return (struct complex){ a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real };
}

static int close_to(struct complex a, struct complex b)
{
    double real = a.real - b.real, imaginary = a.imaginary - b.imaginary;
    return real * real + imaginary * imaginary < 1e-24;
}

/* The n-th power of e^(−2πi/N). */
static struct complex root(int n)
{
    struct complex one = roots[n % (N / 2)];
    return n / (N / 2) % 2 == 0 ? one : (struct complex){ -one.real, -one.imaginary };
}

/* One step of the circle, times itself: with this first one there is only one such row. */
static void roots_are_the_steps_of_a_circle(void)
{
    transform_roots(roots);
    EXPECT(close_to(roots[0], (struct complex){ 1, 0 }));
    EXPECT(close_to(roots[N / 4], (struct complex){ 0, -1 }));
    EXPECT(close_to(roots[1], (struct complex){ 0.99969881869620422, -0.024541228522912288 }));
    for (int k = 1; k < N / 2; k++)
        EXPECT(close_to(roots[k], times(roots[k - 1], roots[1])));
}

static void it_is_the_sum_that_defines_it(void)
{
    struct complex numbers[N], expected[N];
    double before = 0, after = 0;
    uint64_t state = 1;
    for (int i = 0; i < N; i++) {
        numbers[i].real = (double)random_below(&state, 2000) / 1000 - 1;
        numbers[i].imaginary = (double)random_below(&state, 2000) / 1000 - 1;
        before += numbers[i].real * numbers[i].real + numbers[i].imaginary * numbers[i].imaginary;
    }
    for (int k = 0; k < N; k++) {
        expected[k] = (struct complex){ 0, 0 };
        for (int i = 0; i < N; i++) {
            struct complex part = times(numbers[i], root(i * k % N));
            expected[k].real += part.real / 16;
            expected[k].imaginary += part.imaginary / 16;
        }
    }
    transform(numbers, roots);
    for (int k = 0; k < N; k++) {
        EXPECT(close_to(numbers[k], expected[k]));
        after += numbers[k].real * numbers[k].real + numbers[k].imaginary * numbers[k].imaginary;
    }
    /* Parseval: neither grows nor fades, however often. */
    EXPECT(after > before * (1 - 1e-12) && after < before * (1 + 1e-12));
    for (int again = 0; again < 1000; again++)
        transform(numbers, roots);
    after = 0;
    for (int k = 0; k < N; k++)
        after += numbers[k].real * numbers[k].real + numbers[k].imaginary * numbers[k].imaginary;
    EXPECT(after > before * (1 - 1e-9) && after < before * (1 + 1e-9));
}

int main(void)
{
    roots_are_the_steps_of_a_circle();
    it_is_the_sum_that_defines_it();
    PASSED("transform");
}
