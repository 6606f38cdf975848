import { clip } from '../clip.ts'
import { ABOUT_CHARS_MAX } from '../found.ts'
import { plainMoveOf } from '../moves.ts'
import { namesNothing, refersBack } from './follow-up.ts'

interface Turn {
  readonly role: string
  readonly text: string
}

/** What was said before a message. */
export interface Before {
  /** The last question, after those that it took up itself, oldest first; `null` where there is none. */
  readonly about: string | null
  /** The reply to the last question. */
  readonly reply: string | null
}

/** Earlier questions that one may have taken up in turn. */
const CHAIN_MAX = 3

/**
 * What a message may refer to: the last question, with those before it as long as each takes up the one before. Courtesies are passed
 * over, and so is what names nothing.
 *
 * @param turns oldest first
 */
export function contextOf(turns: readonly Turn[]): Before {
  const chain: string[] = []
  let reply: string | null = null
  for (const [index, { role, text }] of [...turns.entries()].reverse()) {
    if (role !== 'user' || plainMoveOf(text) !== undefined) continue
    if (chain.length === 0) reply = turns.slice(index + 1).find((turn) => turn.role !== 'user')?.text ?? null
    const isNamed = !namesNothing(text)
    if (isNamed) chain.unshift(text)
    if (chain.length === CHAIN_MAX || (isNamed && refersBack(text) !== 'yes')) break
  }
  return { about: chain.length === 0 ? null : joined(chain), reply }
}

/** Joins questions within `ABOUT_CHARS_MAX`; the oldest ones are left out first. */
function joined(chain: readonly string[]): string {
  for (let from = 0; from < chain.length - 1; from++) {
    const text = chain.slice(from).join(' ')
    if (text.length <= ABOUT_CHARS_MAX) return text
  }
  return clip(chain.at(-1) ?? '', ABOUT_CHARS_MAX)
}
