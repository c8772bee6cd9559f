import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { parseText } from "../config/document.ts";
import { confirm } from "../hosts/init/ask.ts";
import { askTestbed } from "../hosts/init/questions.ts";
import { type HostsFile, hostsYaml } from "../hosts/write.ts";
import { asMigrascopeError, MigrascopeError } from "../model/errors.ts";
import { HostsTestbed } from "../model/hosts.ts";
import { terminalAsker } from "./asker.ts";
import { labHosts } from "./testbed-lab.ts";

const DEFAULT_FILE = "testbed.yaml";

/** `migrascope testbed init`. */
export function initCommand(): Command {
  return new Command("init")
    .description("write a testbed's file, with comments, by asking you and the hosts")
    .argument("[file]", "the file to write", DEFAULT_FILE)
    .option("--lab <name>", "ask nobody: describe the machines of a lab with hypervisor: libvirt as if they were real")
    .option("--force", "overwrite the file without asking")
    .action(init);
}

async function init(file: string, options: { lab?: string; force?: true }): Promise<void> {
  if (options.lab !== undefined) {
    if (existsSync(file) && !options.force) throw exists(file);
    write(file, await labHosts(options.lab));
  } else {
    using asker = terminalAsker();
    if (existsSync(file) && !options.force && !(await confirm(asker, `${file} exists. Overwrite it?`, false)))
      throw exists(file);
    write(file, await askTestbed(asker, asker.interrupted));
  }
  process.stdout.write(`${file} is written; now try it: migrascope testbed check ${file}\n`);
}

const exists = (file: string): MigrascopeError =>
  new MigrascopeError("FILE_UNWRITABLE", `${file} exists and was left as it is`, { where: file });

/** Whole or not at all. @throws MigrascopeError FILE_UNWRITABLE; CONFIG_INVALID when the answers do not make a testbed. */
function write(file: string, content: HostsFile): void {
  const text = hostsYaml(content);
  parseText(text, file, HostsTestbed);
  const temporary = `${file}.${process.pid}`;
  try {
    writeFileSync(temporary, text, { flag: "wx" });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw asMigrascopeError(error, "FILE_UNWRITABLE", file);
  }
}
