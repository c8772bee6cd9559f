#ifndef ENDINGS_H
#define ENDINGS_H

/* From now on SIGTERM and SIGINT do not end the process: they are read from the descriptor that this returns. -1: errno says why. */
int endings_open(void);

#endif
