import type { Input } from '../../schemas/envelope.ts'
import { type Origin, parseActorSource } from '../../schemas/subjects.ts'

/** By type of an input: the kinds whose actors alone send it; `*` stands for every kind. A type that is not here comes from anybody. */
export type SentBy = Readonly<Record<string, readonly string[] | '*'>>

/** The senders of a type; `undefined` where anybody sends it. */
export const sendersOf = (sentBy: SentBy, type: string): readonly string[] | '*' | undefined =>
  Object.hasOwn(sentBy, type) ? sentBy[type] : undefined

/**
 * Why an input must not come from its sender; `undefined` where it may.
 *
 * @param origin what the subject of the message tells: a producer can write the `source` of an actor, and cannot publish as one
 */
export function senderProblem(sentBy: SentBy, { type, source }: Pick<Input, 'type' | 'source'>, origin: Origin): string | undefined {
  const kinds = sendersOf(sentBy, type)
  if (kinds === undefined) return undefined
  const sender = origin === 'actor' ? parseActorSource(source) : undefined
  if (sender !== undefined && (kinds === '*' || kinds.includes(sender.kind))) return undefined
  const senders = kinds === '*' ? 'actors of the tenant' : `actors of the kind ${kinds.join(' or ')}`
  return `source: only ${senders} send "${type}", and this one is from ${sender === undefined ? 'a producer' : `the kind ${sender.kind}`}`
}
