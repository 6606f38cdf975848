import { z } from 'zod'
import { factSchema, PROFILE_LIMITS } from '../../../schemas/profile-events.ts'
import { applied, factLines, valueOf } from '../profile/facts.ts'
import type { Statement } from '../profile/statement.ts'
import { mayTell, statementsIn } from '../profile/statements-in.ts'
import { type Language, languageSchema } from './found.ts'

/** Facts of a customer that a case keeps, the newest. */
const KNOWN_MAX = 24
/** The share of a message that its statements cover, from which on it only says something of its author. */
const COVERED_MIN = 0.6

/** What a case knows of its customer: from his profile, and from what he said since. */
export const knownSchema = z.object({
  /** Id of the actor of the kind `profile`; `null` where there is no such kind. */
  profile: z.string().nullable(),
  facts: z.array(factSchema.pick({ about: true, value: true })).max(KNOWN_MAX),
})
export type Known = z.infer<typeof knownSchema>

/** Lines of a prompt, one a fact. */
export const knowsSchema = z.array(z.string().max(PROFILE_LIMITS.valueCharsMax + 40)).max(KNOWN_MAX)

/** What a task read, within the bounds of a case. */
export const knownOf = ({
  profile,
  facts,
}: {
  readonly profile: string | null
  readonly facts: readonly Known['facts'][number][]
}): Known => ({ profile, facts: facts.slice(-KNOWN_MAX) })

/** What a case knows after a message of the customer, and what the message says of him. */
export function withSaid(known: Known, text: string): { readonly known: Known; readonly isTold: boolean } {
  const statements = statementsIn(text)
  const { facts } = applied(known.facts, statements, ({ about, value }) => ({ about, value }))
  return { known: knownOf({ profile: known.profile, facts }), isTold: known.profile !== null && (statements.length > 0 || mayTell(text)) }
}

/** The language in which the customer wants to be answered, where he said one that there are replies in. */
export const preferredLanguage = (known: Known | null): Language | undefined =>
  languageSchema.safeParse(known === null ? undefined : valueOf(known.facts, 'language')).data

/** What to call the customer. */
export const nameOf = (known: Known | null): string | undefined => (known === null ? undefined : valueOf(known.facts, 'name'))

/** The facts for a prompt. */
export const knowsOf = (known: Known | null, lang: Language): string[] => (known === null ? [] : factLines(known.facts, lang))

/** The reply to a message that only says something of its author; `undefined` where it says more, or nothing is kept. */
export function noted(known: Known | null, text: string, lang: Language): string | undefined {
  if (known?.profile == null) return undefined
  const statements = statementsIn(text)
  const covered = [...new Set(statements.map(({ words }) => words))].join('')
  const asksMore = marksIn(text) > marksIn(covered)
  if (statements.length === 0 || asksMore || covered.length < text.trim().length * COVERED_MIN) return undefined
  return notedReply(statements, nameOf(known), lang)
}

/** "Could you speak Chinese with me?" asks nothing else. */
const marksIn = (text: string): number => text.match(/[?？]/g)?.length ?? 0

function notedReply(statements: readonly Statement[], name: string | undefined, lang: Language): string {
  if (statements.every(({ is }) => is === 'withdrawn'))
    return lang === 'zh' ? '好的，我不再记着这一点。' : 'All right, I no longer keep that in mind.'
  if (name !== undefined) return lang === 'zh' ? `好的，${name}，我记住了。` : `All right, ${name}, I'll remember that.`
  return lang === 'zh' ? '好的，我记住了。' : "All right, I'll remember that."
}
