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
  /** Facts that his latest message about himself took back. */
  withdrawn: z.int().nonnegative().optional(),
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
  const { facts, withdrawn } = applied(known.facts, statements, ({ about, value }) => ({ about, value }))
  return {
    known: { ...knownOf({ profile: known.profile, facts }), withdrawn: withdrawn.length },
    isTold: known.profile !== null && (statements.length > 0 || mayTell(text)),
  }
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
  return notedReply(statements, known, lang)
}

/** "Could you speak Chinese with me?" asks nothing else. */
const marksIn = (text: string): number => text.match(/[?？]/g)?.length ?? 0

/**
 * The reply after the profile was told. It says that something is kept or forgotten only where that is so.
 *
 * @param known what is known after the message
 */
function notedReply(statements: readonly Statement[], known: Known, lang: Language): string {
  const zh = lang === 'zh'
  const said = statements.filter(({ is }) => is === 'said')
  if (said.length === 0) {
    if (!known.withdrawn) return zh ? '好的，我这里没有记过这一点。' : 'All right. I had nothing like that in mind.'
    return zh ? '好的，我不再记着这一点。' : 'All right, I no longer keep that in mind.'
  }
  const name = nameOf(known)
  const all = name === undefined ? '' : zh ? `${name}，` : `, ${name}`
  const foreign = said.find(({ about, value }) => about === 'language' && !languageSchema.safeParse(value).success)
  if (foreign !== undefined)
    return zh
      ? `好的，${all}我记住了。我这里只会说中文和英文，所以会继续用中文回复。`
      : `All right${all}, I'll remember that. I speak English and Chinese here, so I go on in English.`
  return zh ? `好的，${all}我记住了。` : `All right${all}, I'll remember that.`
}
