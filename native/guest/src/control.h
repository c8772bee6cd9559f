/* The socket by which commands reach a running agent: in the abstract namespace (unix(7)), so that no file remains. */
#ifndef CONTROL_H
#define CONTROL_H

/* Listens under a name; -1 when an agent of that name runs already, or the name is too long. */
int control_listen(const char *name);
/* Asks the agent of that name and copies its answer to standard output. False when none runs or it breaks off. */
_Bool control_ask(const char *name, const char *word);

#endif
