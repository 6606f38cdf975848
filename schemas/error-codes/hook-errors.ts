import type { ErrorTexts } from './error-text.ts'

/** Codes of the calls of hooks. */
export const HOOK_ERRORS = {
  bad_hook: {
    meaning: 'A hook cannot be set so.',
    cause: 'Its URL, or the type of its events, is none. The message names the field.',
    remedy: 'Correct the argument.',
    where: '`colloquy hooks set`',
  },
  hook_failed: {
    meaning: 'A hook did not take an event.',
    cause: 'Its URL was away, too slow, or answered with another status than 2xx, in all attempts.',
    remedy: 'Mend the receiver. The dead letter has the event; send it there by hand where it matters, then drop the dead letter.',
    where: '`colloquy dead` (no record says it, so table `dead_letters` has no row); `notification.failed` of a trigger',
  },
  hook_address_refused: {
    meaning: 'A hook names an address that is not public.',
    cause: 'Its host is, or resolves to, a private, loopback, link-local or reserved address: hooks must not reach services inside.',
    remedy: 'Set the hook to a public host, or name the host in `COLLOQUY_HOOK_HOSTS` of the processes with the role dispatch.',
    where: '`colloquy dead`; `notification.failed` of a trigger',
  },
  no_hooks: {
    meaning: 'The hooks cannot be read.',
    cause: 'A colloquy.config.ts has a kind of its own by the name `hook`.',
    remedy: 'Rename the kind.',
    where: '`colloquy hooks`, and the log of the role dispatch',
  },
} as const satisfies ErrorTexts
