import type { About } from '../../../schemas/profile-events.ts'

/** What a message says of its author: a fact, or that one holds no longer. */
export interface Statement {
  readonly is: 'said' | 'withdrawn'
  /** `null`: facts of any kind. */
  readonly about: About | null
  /** `null`: any value, which only a withdrawal has. */
  readonly value: string | null
  /** The clause of the message that says it. */
  readonly words: string
}

/** A statement of a clause. */
export type Said = Omit<Statement, 'words'>

/** Reads a clause of a message: what it says of its author, or nothing. */
export type ClauseReader = (clause: string) => readonly Said[]

/** A pattern with what a match of it says; `undefined` where it says nothing. */
export type Rule = readonly [pattern: RegExp, read: (groups: readonly string[]) => Said | readonly Said[] | undefined]

/** What the first rule that matches says. */
export function firstOf(rules: readonly Rule[], clause: string): readonly Said[] {
  for (const [pattern, read] of rules) {
    const match = pattern.exec(clause)
    const said = match === null ? undefined : read(match.slice(1).map((group) => (group ?? '').trim()))
    if (said !== undefined) return 'is' in said ? [said] : said
  }
  return []
}

/** @param value `undefined` where the words are no value: nothing is said */
export const said = (about: About, value: string | undefined): Said | undefined =>
  value === undefined || value === '' ? undefined : { is: 'said', about, value }

export const withdrawn = (about: About | null, value: string | null = null): Said => ({ is: 'withdrawn', about, value })

/** A statement of each of several values. */
export const each = (values: readonly (string | undefined)[], of: (value: string) => Said): readonly Said[] | undefined => {
  const given = values.flatMap((value) => (value === undefined || value === '' ? [] : [of(value)]))
  return given.length > 0 ? given : undefined
}

/** What a statement says holds no longer. */
export const denied = (facts: readonly Said[]): readonly Said[] | undefined =>
  each(
    facts.map(({ is, value }) => (is === 'said' ? (value ?? undefined) : undefined)),
    (value) => withdrawn(facts.find((fact) => fact.value === value)?.about ?? null, value),
  )

/** Who eats something again neither refuses it nor keeps a diet without it. */
export const eatsAgain = (food: string, kind: 'meat' | 'fish' | undefined): readonly Said[] => [
  withdrawn('refuses', food),
  ...(kind === undefined ? [] : ['vegetarian', 'vegan']).map((diet) => withdrawn('diet', diet)),
  ...(kind === 'meat' ? [withdrawn('diet', 'pescatarian')] : []),
]
