/*
 * Memory, page by page: written to, or read. Each page's first word tells when it was last written, so that the next visit
 * finds out whether the page is still what it was: a migration that loses a page shows here as a stale one.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "../clock.h"
#include "../content.h"
#include "../lane.h"
#include "../meminfo.h"
#include "../order.h"
#include "../text.h"

/* Of the skewed pattern: nine touches of ten go to the first tenth of the pages. */
#define HOT_TOUCHES 9
#define HOT_OF      10

/* The clock may take this share of an operation. */
#define CLOCK_SHARE 50
#define MOST_PAGES_OF_OPERATION 4096

/*
 * In sequence, a page's line is fetched so many pages ahead, since no processor foresees a page by itself. Below FAR_PAGES
 * the caches hold what translates the addresses, and asking ahead costs more than it saves (docs/benchmarks.md).
 */
#define AHEAD     16
#define FAR_PAGES 65536

struct memory {
    char *pages;
    uint64_t count; /* of the pages that are touched */
    uint64_t next;  /* sequential: the next page */
    uint64_t left;  /* touches until the round is over */
    uint64_t round;
    struct order order;
    uint64_t random;
};

static struct memory memory; /* a lane has a process of its own */

static inline uint64_t *word_of(uint64_t page) { return (uint64_t *)(memory.pages + page * PAGE); }

/* What the first word of a page is after it was visited in `round`. Of another page, or another round, it is another. */
static inline uint64_t stamp(uint64_t page, uint64_t round) { return round << 32 | (page & 0xffffffffu); }

/* Everything that a touch writes beyond the first word: it changes with every visit, as the content's kind allows. */
static void write_rest(uint64_t *word, int64_t bytes, enum content content, uint64_t key)
{
    int64_t words = bytes / 8;
    if (content == ZERO) {
        for (int64_t i = 1; i < words; i++)
            word[i] = 0;
    } else if (content == TEXT) {
        content_fill(word + 1, (size_t)(words - 1) * 8, TEXT, &key);
    } else {
        for (int64_t i = 1; i < words; i++)
            word[i] = (key += 0x9e3779b97f4a7c15u) * 0xd1342543de82ef95u;
    }
}

static inline uint64_t next_page(enum pattern pattern)
{
    if (pattern == RANDOM_ORDER)
        return order_next(&memory.order);
    uint64_t page = memory.next++;
    if (memory.next == memory.count)
        memory.next = 0;
    return page;
}

/*
 * `pages` of one round, each once: so every visit knows what it must find. Pages of zeros keep no stamp. What is global is
 * kept in variables here: to the compiler, a write to a page may be one to any of it. Called with constants, a loop each.
 */
static inline __attribute__((always_inline)) int64_t write_run(int64_t pages, enum pattern pattern, uint64_t ahead,
                                                               const struct options *options)
{
    char *const start = memory.pages;
    const uint64_t round = memory.round, count = memory.count;
    const bool zero = options->content == ZERO, more = options->bytes >= 16;
    struct order order = memory.order;
    uint64_t next = memory.next;
    int64_t stale = 0;
    for (int64_t i = 0; i < pages; i++) {
        uint64_t page = pattern == RANDOM_ORDER ? order_next(&order) : next++;
        uint64_t *word = (uint64_t *)(start + page * PAGE);
        if (ahead > 0)
            __builtin_prefetch(start + (page + ahead) * PAGE, 1);
        if (zero) {
            *(volatile uint64_t *)word = 0;
        } else {
            stale += *word != stamp(page, round);
            *(volatile uint64_t *)word = stamp(page, round + 1);
        }
        if (more)
            write_rest(word, options->bytes, options->content, stamp(page, round + 1));
    }
    memory.order = order;
    memory.next = next == count ? 0 : next;
    return stale;
}

static int64_t write_in_rounds(int64_t pages, const struct options *options)
{
    int64_t stale = 0;
    while (pages > 0) {
        int64_t run = pages < (int64_t)memory.left ? pages : (int64_t)memory.left;
        if (options->pattern == RANDOM_ORDER)
            stale += write_run(run, RANDOM_ORDER, 0, options);
        else if (memory.count > FAR_PAGES)
            stale += write_run(run, SEQUENTIAL, AHEAD, options);
        else
            stale += write_run(run, SEQUENTIAL, 0, options);
        pages -= run;
        memory.left -= (uint64_t)run;
        if (memory.left == 0) {
            memory.left = memory.count;
            memory.round++;
        }
    }
    return stale;
}

static uint64_t skewed_page(void)
{
    uint64_t hot = (memory.count + HOT_OF - 1) / HOT_OF;
    if (hot == memory.count || random_below(&memory.random, 10) < HOT_TOUCHES)
        return random_below(&memory.random, hot);
    return hot + random_below(&memory.random, memory.count - hot);
}

/* Each page carries the number of the window that last touched it: so distinct ones are counted without a list. */
static int64_t write_skewed(int64_t pages, const struct options *options, uint32_t window)
{
    int64_t distinct = 0;
    bool more = options->bytes >= 16, counts = options->content != ZERO;
    for (int64_t i = 0; i < pages; i++) {
        uint64_t page = skewed_page(), *word = word_of(page);
        distinct += counts && *word >> 32 != window;
        *(volatile uint64_t *)word = counts ? stamp(page, window) : 0;
        if (more)
            write_rest(word, options->bytes, options->content, random_next(&memory.random));
    }
    return distinct;
}

/* In rounds, no window holds more different pages than there are. */
static void count_rounds(struct lane *lane, int64_t pages)
{
    lane->distinct += pages;
    if (lane->distinct > (int64_t)memory.count)
        lane->distinct = (int64_t)memory.count;
}

static int64_t write_step(struct lane *lane, int64_t pages)
{
    const struct options *options = lane->options;
    if (options->pattern == SKEWED) {
        lane->distinct += write_skewed(pages, options, lane->window);
        return pages;
    }
    lane->stale += write_in_rounds(pages, options);
    count_rounds(lane, pages);
    return pages;
}

/* Reads the first `bytes` of a page; its stamp is of round 0 for ever. */
static int64_t read_step(struct lane *lane, int64_t pages)
{
    const struct options *options = lane->options;
    int64_t words = options->bytes / 8, stale = 0;
    for (int64_t i = 0; i < pages; i++) {
        uint64_t page = options->pattern == SKEWED ? skewed_page() : next_page(options->pattern);
        const volatile uint64_t *word = word_of(page);
        stale += *word != (options->content == ZERO ? 0 : stamp(page, 0));
        for (int64_t w = 1; w < words; w++)
            (void)word[w];
    }
    lane->stale += stale;
    if (lane->counts_distinct)
        count_rounds(lane, pages);
    return pages;
}

/* More than the guest can give would end in its killing processes, perhaps others than ours. */
static bool fits(struct lane *lane, int64_t size)
{
    struct meminfo guest;
    if (!meminfo_read(&guest) || size <= guest.available + guest.swap_free)
        return true;
    lane_cannot(lane, "it asks for ", 0);
    words_append_number(lane->why, WHY_LENGTH, size);
    words_append(lane->why, WHY_LENGTH, " bytes of memory, the guest has ");
    words_append_number(lane->why, WHY_LENGTH, guest.available);
    words_append(lane->why, WHY_LENGTH, " available and ");
    words_append_number(lane->why, WHY_LENGTH, guest.swap_free);
    words_append(lane->why, WHY_LENGTH, " of free swap");
    return false;
}

static void fill(const struct options *options, uint64_t count)
{
    uint64_t state = options->seed;
    for (uint64_t page = 0; page < count; page++) {
        content_fill(memory.pages + page * PAGE, PAGE, options->content, &state);
        /* A page of zeros that was only read would have no memory behind it. */
        *(volatile uint64_t *)word_of(page) = options->content == ZERO ? 0 : stamp(page, 0);
    }
}

/*
 * Reading the clock around each page would take as long as the page. An operation is as many pages as make the clock a
 * fiftieth of it: 16 or so on a machine that reads its clock without a system call, hundreds under emulation.
 */
static int64_t pages_of_operation(struct lane *lane, int64_t (*step)(struct lane *, int64_t))
{
    const int64_t readings = 64;
    int64_t pages = (int64_t)memory.count < 1024 ? (int64_t)memory.count : 1024, best_clock = INT64_MAX, best_pages = INT64_MAX;
    for (int attempt = 0; attempt < 3; attempt++) {
        int64_t start = mono_ns(), mono = start;
        for (int i = 0; i < readings; i++)
            mono = mono_ns();
        if (mono - start < best_clock)
            best_clock = mono - start;
        step(lane, pages);
        int64_t took = mono_ns() - mono;
        if (took < best_pages)
            best_pages = took;
    }
    lane->distinct = lane->stale = 0;
    int64_t wanted = best_clock * CLOCK_SHARE * pages / readings / (best_pages > 0 ? best_pages : 1), operation = 1;
    while (operation < wanted && operation < MOST_PAGES_OF_OPERATION)
        operation *= 2;
    return operation;
}

static bool prepare(struct lane *lane, int64_t (*step)(struct lane *, int64_t))
{
    const struct options *options = lane->options;
    if (!fits(lane, options->size))
        return false;
    memory.pages = mmap(NULL, (size_t)options->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory.pages == MAP_FAILED)
        return lane_cannot(lane, "the guest gives no memory", errno);
    /* Pages of 4 KiB: what is touched is then exactly what was asked for. */
    madvise(memory.pages, (size_t)options->size, MADV_NOHUGEPAGE);
    fill(options, (uint64_t)(options->size / PAGE));
    memory.count = memory.left = (uint64_t)(options->touched / PAGE);
    memory.random = options->seed;
    order_make(&memory.order, memory.count, options->seed);
    lane->unit_bytes = PAGE;
    lane->requested = options->size;
    lane->touched = options->touched;
    lane->operation = pages_of_operation(lane, step);
    return true;
}

static bool prepare_write(struct lane *lane)
{
    lane->counts_distinct = lane->options->pattern != SKEWED || lane->options->content != ZERO;
    return prepare(lane, write_step);
}

static bool prepare_read(struct lane *lane)
{
    lane->counts_distinct = lane->options->pattern != SKEWED;
    return prepare(lane, read_step);
}

const struct workload MEMORY_WRITE = { "memory-write", "page", prepare_write, write_step, NULL };
const struct workload MEMORY_READ = { "memory-read", "page", prepare_read, read_step, NULL };
