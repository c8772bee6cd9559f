import { Testbed } from "../model/testbed.ts";
import { loadDocument } from "./document.ts";

/** @throws MigrascopeError FILE_UNREADABLE or CONFIG_INVALID with file, line and column of every problem. */
export const loadTestbed = (file: string): Promise<Testbed> => loadDocument(file, Testbed);

/** The lab on this machine with everything at its default: what runs when no testbed file is given. */
export const defaultTestbed = (): Testbed => Testbed.parse({});
