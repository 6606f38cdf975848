import type { InputAdvice } from '../../actors/definition/input-advice.ts'
import { type Address, inputSubject, messageIdOf } from '../../schemas/subjects.ts'
import { NO_ROOM_CODES } from '../jetstream/jetstream-codes.ts'
import type { Publisher, PublishResult } from '../jetstream/publisher.ts'
import type { Advise } from '../producer/advise.ts'
import { asProblem, HttpProblem, RETRY_AFTER } from './problems.ts'
import type { RequestInput } from './request-inputs.ts'

export interface StoreDeps {
  readonly publisher: Publisher
  readonly advise: Advise
}

/** An input that INBOX has acknowledged. */
export interface Stored {
  /** INBOX sequence of the input, or of the earlier copy that NATS has stored. */
  readonly position: number
  readonly id: string
  /** Why the input will be rejected, or will change nothing; absent where nothing is known. */
  readonly warning?: InputAdvice
}

/** Called when an input is stored. @param isNew false for a copy of an input that NATS had stored before */
export type OnStored = (input: RequestInput, position: number, isNew: boolean) => void

/** Stores an input. @throws HttpProblem `inbox_full` or `inbox_refused`; an error of NATS, after which the input may be stored */
export async function storeInput(
  { publisher, advise }: StoreDeps,
  address: Address,
  input: RequestInput,
  onStored?: OnStored,
): Promise<Stored> {
  const { payload, envelope, id } = input
  const options = id === undefined ? {} : { msgId: messageIdOf(address, id, payload) }
  const [result, warning] = await Promise.all([
    publisher.publish(inputSubject(address), payload, options),
    // Advice is a courtesy: the input is stored without it, too.
    advise(address.kind, envelope)
      .then((advice) => (advice === 'unchecked' ? undefined : advice))
      .catch(() => undefined),
  ])
  if (!result.ok) throw refusal(result)
  onStored?.(input, result.seq, !result.duplicate)
  return { position: result.seq, id: id ?? `seq:${result.seq}`, ...(warning === undefined ? {} : { warning }) }
}

function refusal({ code, description }: Extract<PublishResult, { ok: false }>): HttpProblem {
  const detail = `INBOX refused the input (${code}: ${description})`
  const remedy = 'repeat the request later, under the same id'
  return NO_ROOM_CODES.has(code)
    ? new HttpProblem('inbox_full', `${detail} because it is full until hosts have caught up; ${remedy}`, { headers: RETRY_AFTER })
    : new HttpProblem('inbox_refused', `${detail}; ${remedy}`, { headers: RETRY_AFTER })
}

/** The problem of a wait that failed. The input is stored, so the problem has its position. */
export function waitProblem(cause: unknown, { position, id }: Partial<Pick<Stored, 'position' | 'id'>>, timedOut: string): HttpProblem {
  const stored = position === undefined ? 'the input is recorded' : `the input is stored at position ${position}`
  const more = { position, id }
  const name = cause instanceof DOMException ? cause.name : ''
  if (name === 'TimeoutError') return new HttpProblem('wait_timeout', `${stored}; ${timedOut}`, { more, headers: RETRY_AFTER, cause })
  if (name === 'AbortError') return new HttpProblem('closing', `${stored}; the server is closing, read the actor later`, { more, cause })
  const { status, code, headers, message } = asProblem(cause)
  const why = status === 503 ? ` (${message})` : ''
  return new HttpProblem(code, `${stored}; its outcome is unknown${why}, read the actor later`, { status, more, headers, cause })
}
