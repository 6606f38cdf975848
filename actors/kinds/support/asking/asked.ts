import { type Before, contextOf } from './context-of.ts'
import { isContinuing, namesNothing, type Refers, refersBack, standsAlone } from './follow-up.ts'
import { questionsIn } from './questions-in.ts'

/** One question of a message, as it is looked up. */
export interface Asked extends Before {
  readonly text: string
  readonly refers: Refers
}

/** A message with what was said before it. */
export interface Message {
  readonly text: string
  /** Oldest first. */
  readonly turns: readonly { readonly role: string; readonly text: string }[]
  /** The last question, where the turns have none any more. */
  readonly about?: string | null
  /** The dialogue act of the message. A short one that begins a new topic stands alone. */
  readonly act?: string | null
}

/** Links a question to the one before it in the same message, and refers to nothing. */
const LINK = /^\s*(?:还有|另外|顺便|以及|再问|同时)[一下问，,\s]*|^[\s\p{P}]*(?:(?:and|or|also|plus|then)[\s,]+)*/iu

/**
 * The questions of a message with what each refers to, by rules, in English and Chinese; at least one, at most `LOOKUPS_MAX`. A pure
 * function. A question that names nothing ("go on") is the last one over again. A later question may refer to the one before it in the same
 * message.
 */
export function askedIn({ text, turns, about: last = null, act = null }: Message): readonly Asked[] {
  const found = contextOf(turns)
  const before: Before = found.about === null ? { about: last, reply: null } : found
  const { questions } = questionsIn(text)
  return questions.map((question, index): Asked => {
    const previous = questions[index - 1]
    const byWords = refersBack(previous === undefined ? question : question.replace(LINK, ''))
    const refers = withAct(byWords, act !== null && isContinuing(act))
    if (previous !== undefined) return { text: question, about: refers === 'yes' ? previous : null, reply: null, refers }
    if (before.about === null) return { text: question, ...before, refers: 'no' }
    if (namesNothing(question)) return { text: before.about, about: null, reply: before.reply, refers: 'yes' }
    return { text: question, ...before, refers }
  })
}

/** A question that may refer back by its words does so where its act goes on. */
function withAct(byWords: Exclude<Refers, 'act'>, goesOn: boolean): Refers {
  if (byWords === 'no') return goesOn ? 'act' : 'no'
  return byWords === 'maybe' && !goesOn ? 'no' : byWords
}

/** A question as one text that stands alone: what it refers to, then the question. */
export const standalone = ({ text, about, refers }: Asked): string => (about === null || standsAlone(refers) ? text : `${about} ${text}`)
