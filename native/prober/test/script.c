#include "target/script.h"

#include <string.h>

#include "expect.h"

static int read_text(const char *text, struct script *script)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    EXPECT(file != NULL);
    int result = script_read(file, script);
    fclose(file);
    return result;
}

static void a_script_is_read_line_by_line(void)
{
    struct script script;
    EXPECT_EQUAL(read_text("# comment\nloss 100 50\n\n  hold 150 1 # behind\nreplies 1000 7", &script), 0);
    EXPECT_EQUAL(script.length, 3);
    EXPECT_EQUAL(script.outages[0].kind, OUTAGE_LOSS);
    EXPECT_EQUAL(script.outages[0].end_ns, 150);
    EXPECT_EQUAL(script.outages[1].kind, OUTAGE_HOLD);
    EXPECT_EQUAL(script.outages[2].kind, OUTAGE_REPLIES);
    script_free(&script);
}

static void wrong_lines_are_refused(void)
{
    struct script script;
    fputs("(the following complaints are expected)\n", stderr);
    EXPECT(read_text("loss 100\n", &script) != 0);
    EXPECT(read_text("loss 100 5 5\n", &script) != 0);
    EXPECT(read_text("silence 100 5\n", &script) != 0);
    EXPECT(read_text("loss -1 5\n", &script) != 0);
    EXPECT(read_text("loss 1 0\n", &script) != 0);
    EXPECT(read_text("loss 100 50\nloss 149 5\n", &script) != 0);
}

static void arrivals_belong_to_the_outage_that_they_fall_into(void)
{
    struct script script;
    EXPECT_EQUAL(read_text("loss 100 50\nhold 200 50\n", &script), 0);
    script_begin(&script, 1000);
    EXPECT(script_outage(&script, 0, 1099) == NULL);
    EXPECT(script_outage(&script, 0, 1100) == &script.outages[0]);
    EXPECT(script_outage(&script, 0, 1149) == &script.outages[0]);
    EXPECT(script_outage(&script, 0, 1150) == NULL);
    /* Read after the first was over, but arrived in it. */
    EXPECT(script_outage(&script, 1, 1149) == &script.outages[0]);
    EXPECT(script_outage(&script, 1, 1200) == &script.outages[1]);
    EXPECT(script_outage(&script, 2, 1249) == &script.outages[1]);
    EXPECT(script_outage(&script, 2, 1250) == NULL);
    script_free(&script);
}

int main(void)
{
    a_script_is_read_line_by_line();
    wrong_lines_are_refused();
    arrivals_belong_to_the_outage_that_they_fall_into();
    PASSED("script");
}
