import { randomUUID } from 'node:crypto'
import type { NatsConnection } from '@nats-io/transport-node'
import { createSender, type OutgoingInput, type Sent } from '../../pipeline/producer/input-sender.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { CommandContext } from '../app/command-context.ts'

/** Sends one input under an id of its own, and tells the user while NATS does not store it. */
export async function sendInput(
  nc: NatsConnection,
  { out }: Pick<CommandContext, 'out'>,
  address: Address,
  input: Pick<OutgoingInput, 'source' | 'type' | 'data'>,
): Promise<Sent> {
  const sender = createSender(nc, { onWait: (why) => out.note(`${why}; trying again`) })
  try {
    return await sender.send(address, { id: randomUUID(), ...input })
  } finally {
    await sender.close()
  }
}

/** How long a command waits for the decision about what it sent. */
const DECIDED_MS_MAX = 30_000

/**
 * Waits until what was sent has had its effect.
 *
 * @param effect `undefined` before
 * @param notYet the code of the error if it does not come in time, what has not changed then, and the tenant that it is of
 * @throws ColloquyError with that code
 */
export async function untilDecided<T>(
  effect: () => Promise<T | undefined>,
  notYet: { readonly code: ErrorCode; readonly what: string; readonly tenant: string },
): Promise<T> {
  const late = AbortSignal.timeout(DECIDED_MS_MAX)
  try {
    return await pollUntil(effect, { signal: late })
  } catch (error) {
    if (!late.aborted) throw error
    throw new ColloquyError(
      notYet.code,
      `${notYet.what} of ${notYet.tenant} has not changed within ${DECIDED_MS_MAX / 1_000} s; see "colloquy status" and `
        + `"colloquy dead ls --tenant ${notYet.tenant}"`,
    )
  }
}
