import type { Classification } from './intents/intent-classifier.ts'

/** A message, with what two versions of a set understand. */
export interface Compared {
  readonly text: string
  readonly count: number
  readonly before: Classification | undefined
  readonly after: Classification | undefined
}

/** Messages that would be understood in the same other way. */
export interface ChangeGroup {
  /** Names of the intents, joined by ` + `; `(none)` where the message is out of scope or nothing was taught. */
  readonly before: string
  readonly after: string
  readonly messages: number
  readonly texts: readonly string[]
}

export const NO_INTENT = '(none)'

/** The messages that two versions understand differently, grouped by what changes, largest groups first. */
export function groupChanges(compared: readonly Compared[]): ChangeGroup[] {
  const groups = new Map<string, { before: string; after: string; messages: number; texts: string[] }>()
  for (const { text, count, before, after } of compared) {
    const [one, other] = [namesOf(before), namesOf(after)]
    if (one === other) continue
    const key = JSON.stringify([one, other])
    const group = groups.get(key) ?? { before: one, after: other, messages: 0, texts: [] }
    group.messages += count
    group.texts.push(text)
    groups.set(key, group)
  }
  return [...groups.values()].sort((one, other) => other.messages - one.messages)
}

const namesOf = (found: Classification | undefined): string =>
  found === undefined || found.outOfScope
    ? NO_INTENT
    : found.intents
        .map(({ name }) => name)
        .sort()
        .join(' + ')
