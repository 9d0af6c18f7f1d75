// The simulated portal for tests that need one: an `oint sandbox` on a free port of this machine.

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';

/** The program, which `cargo xtask docs test` builds. */
export const {OINT} = process.env;

/** The options of a test that needs it. */
export const options = {skip: OINT ? false : 'OINT names no oint; `cargo xtask docs test` builds it and sets it'};

/** Starts a portal. Gives what it tells of itself (`address`, `webhook`, `token`, …), and how to stop it. */
export async function startPortal() {
  const portal = spawn(OINT, ['sandbox', '--port', '0', '--json', '--quiet'], {stdio: ['ignore', 'pipe', 'inherit']});
  const [line] = await once(createInterface(portal.stdout), 'line');
  return {told: JSON.parse(line), stop: () => portal.kill()};
}
