import { expect, test } from "vitest";
import { explainSsh } from "../../src/remote/ssh-failure.ts";

const access = { host: "a.example", user: "root", port: 2222, keyFile: "/keys/k" };

test.each([
  [
    "No ED25519 host key is known for a.example and you have requested strict checking.",
    "not known",
    "ssh-keyscan -p 2222",
  ],
  [
    "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
    "another key",
    "find out why",
  ],
  [
    "root@a.example: Permission denied (publickey).",
    "refuses the key",
    "ssh-copy-id -i /keys/k -p 2222 root@a.example",
  ],
  [
    "Permissions 0644 for '/keys/k' are too open.\n@ WARNING: UNPROTECTED PRIVATE KEY FILE! @",
    "others may read",
    "chmod 600 /keys/k",
  ],
  ["ssh: Could not resolve hostname a.example: Name or service not known", "nobody knows that name", "ssh.host"],
  ["ssh: connect to host a.example port 2222: Connection refused", "no SSH server listens", "ssh.port (2222)"],
  ["ssh: connect to host a.example port 2222: Connection timed out", "does not answer", "ping a.example"],
  ["error: Cannot recv data: Host key verification failed.: Connection reset by peer", "not known", "ssh-keyscan"],
])("%j is explained, with what mends it", (said, detail, mend) => {
  expect(explainSsh(said, access)!.detail).toContain(detail);
  expect(explainSsh(said, access)!.mend).toContain(mend);
});

test("what is not of SSH is left to whoever said it", () => {
  expect(explainSsh("error: failed to connect to the hypervisor", access)).toBeUndefined();
});
