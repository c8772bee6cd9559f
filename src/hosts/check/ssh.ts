/** Each host answers by SSH, without a question, and shows the key that is known. */
import type { MigrascopeError } from "../../model/errors.ts";
import { explainSsh } from "../../remote/ssh-failure.ts";
import { ROLES } from "../machines.ts";
import { type Check, failed, ok, wordsOf } from "./finding.ts";

export const ssh: Check = {
  name: "SSH",
  essential: true,
  needs: [],
  run: ({ testbed, hosts, signal }) =>
    Promise.all(
      ROLES.map(async (role) => {
        const name = `SSH ${role}`;
        const access = testbed.hosts[role].ssh;
        try {
          const { stdout } = await hosts[role].run(["uname", "-n"], { signal });
          return ok(name, `${access.user}@${access.host} is ${stdout.trim()}`);
        } catch (error) {
          if ((error as MigrascopeError).code === "CANCELLED") throw error;
          const meaning = explainSsh((error as Error).message, access);
          return meaning
            ? failed(name, `${access.user}@${access.host}: ${meaning.detail}`, meaning.mend)
            : failed(name, `${access.user}@${access.host}: ${wordsOf(error)}`);
        }
      }),
    ),
};
