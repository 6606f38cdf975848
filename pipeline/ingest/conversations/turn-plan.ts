import type { FileTurn } from './conversation-formats.ts'
import { headOf, keyOf, type KnownTurn, turnId } from './known-turns.ts'

/** A turn that the actor lacks. */
export interface NewTurn extends FileTurn {
  readonly id: string
}

/** A turn of the file in whose place the actor has another one. */
export interface ChangedTurn {
  /** Number of the turn in the file, from 1. */
  readonly number: number
  readonly role: string
  /** The starts of the texts, or the times where only these differ. */
  readonly was: string
  readonly is: string
}

/** What an import does to one conversation. */
export interface TurnPlan {
  readonly added: readonly NewTurn[]
  /** Number of turns that the actor has already. */
  readonly known: number
  readonly changed: readonly ChangedTurn[]
  /** Number of added turns that have a known turn after them in the file. */
  readonly late: number
}

/** A turn of the file, with what is known of it. */
interface Candidate {
  readonly turn: FileTurn
  readonly key: string
  /** Position of the known turn that it is. */
  is?: number
  /** Position of a known turn that says the same at another time. */
  atOtherTime?: number
  changed?: { readonly was: string; readonly is: string }
}

/**
 * Compares the turns of a file with those that the actor has. A turn is known by what it says: its role and text, and its number among
 * those that say the same. An id or a time tells two such turns apart where both state one.
 *
 * A turn has changed if a known one has its id, or its role and time, or stands in its place: between the same neighbours, with as many
 * turns. Where there are more or fewer, or only one neighbour is known, the two must also resemble each other: a file may begin later and
 * end later than what is known.
 */
export function planTurns(known: readonly KnownTurn[], turns: readonly FileTurn[]): TurnPlan {
  const candidates = turns.map((turn): Candidate => ({ turn, key: keyOf(turn.role, turn.text) }))
  if (known.length > 0) {
    const taken = new Set<number>()
    matchIds(known, candidates, taken)
    matchTexts(known, candidates, taken)
    matchTimes(known, candidates, taken)
    if (candidates.some(({ is }) => is !== undefined)) matchPlaces(known, candidates, taken)
  }
  return planOf(known, candidates)
}

function planOf(known: readonly KnownTurn[], candidates: readonly Candidate[]): TurnPlan {
  const numbers = new Map<string, number>()
  for (const { key } of known) numbers.set(key, (numbers.get(key) ?? 0) + 1)
  const added: NewTurn[] = []
  const changed: ChangedTurn[] = []
  const lastKnown = candidates.findLastIndex(({ is }) => is !== undefined)
  let late = 0
  for (const [index, { turn, key, is, changed: change }] of candidates.entries()) {
    if (change !== undefined) changed.push({ number: index + 1, role: turn.role, ...change })
    else if (is === undefined) {
      const number = (numbers.get(key) ?? 0) + 1
      numbers.set(key, number)
      added.push({ ...turn, id: turn.id ?? turnId(key, number, turn.time) })
      if (index < lastKnown) late += 1
    }
  }
  return { added, known: candidates.length - added.length - changed.length, changed, late }
}

const textChange = (was: KnownTurn, turn: FileTurn) => ({ was: was.head, is: headOf(turn.text) })

function matchIds(known: readonly KnownTurn[], candidates: readonly Candidate[], taken: Set<number>): void {
  const positions = new Map(known.map(({ id }, position) => [id, position]))
  for (const candidate of candidates) {
    const position = candidate.turn.id === undefined ? undefined : positions.get(candidate.turn.id)
    const same = position === undefined ? undefined : known[position]
    if (position === undefined || same === undefined) continue
    taken.add(position)
    if (same.key === candidate.key) candidate.is = position
    else candidate.changed = textChange(same, candidate.turn)
  }
}

function matchTexts(known: readonly KnownTurn[], candidates: readonly Candidate[], taken: Set<number>): void {
  const open = candidates.filter(({ is, changed }) => is === undefined && changed === undefined)
  // First those of equal time, so that a turn without a time leaves them theirs.
  const byTime = positionsBy(known, taken, ({ key, statedTime }) => (statedTime === undefined ? undefined : `${key} ${statedTime}`))
  for (const one of open) if (one.turn.time !== undefined) one.is = takeFirst(known, byTime.get(`${one.key} ${one.turn.time}`), one, taken)
  const untimed = positionsBy(known, taken, ({ key, statedTime }) => (statedTime === undefined ? key : undefined))
  for (const one of open) if (one.turn.time !== undefined) one.is ??= takeFirst(known, untimed.get(one.key), one, taken)
  const others = positionsBy(known, taken, ({ key }) => key)
  for (const one of open) if (one.turn.time === undefined) one.is = takeFirst(known, others.get(one.key), one, taken)
  for (const one of open) if (one.is === undefined) one.atOtherTime = takeFirst(known, others.get(one.key), one, taken)
  // A conversation whose turns are all known but for their times is the same one. In any other, the time tells that it is another turn.
  const isSame = candidates.every(({ is, atOtherTime }) => is !== undefined || atOtherTime !== undefined)
  for (const one of open) {
    if (one.atOtherTime === undefined) continue
    if (isSame) one.changed = { was: known[one.atOtherTime]?.statedTime ?? '', is: one.turn.time ?? '' }
    else taken.delete(one.atOtherTime)
  }
}

/** The positions of known turns that are free, by a key. */
function positionsBy(known: readonly KnownTurn[], taken: ReadonlySet<number>, keyOfTurn: (one: KnownTurn) => string | undefined) {
  const positions = new Map<string, number[]>()
  for (const [position, one] of known.entries()) {
    const key = taken.has(position) ? undefined : keyOfTurn(one)
    if (key === undefined) continue
    const same = positions.get(key)
    if (same === undefined) positions.set(key, [position])
    else same.push(position)
  }
  for (const same of positions.values()) same.reverse()
  return positions
}

/** Takes the last of the positions, which is the first of the turns, whose id does not differ from that of the file. */
function takeFirst(
  known: readonly KnownTurn[],
  positions: number[] | undefined,
  { turn }: Candidate,
  taken: Set<number>,
): number | undefined {
  const index = positions?.findLastIndex((one) => turn.id === undefined || known[one]?.statedId === undefined) ?? -1
  const [position] = index < 0 || positions === undefined ? [] : positions.splice(index, 1)
  if (position !== undefined) taken.add(position)
  return position
}

/** A turn with the role and time of one that is not in the file has replaced it. */
function matchTimes(known: readonly KnownTurn[], candidates: readonly Candidate[], taken: Set<number>): void {
  const positions = new Map<string, number>()
  for (const [position, { role, statedTime }] of known.entries()) {
    if (statedTime !== undefined && !taken.has(position)) positions.set(`${role} ${statedTime}`, position)
  }
  for (const candidate of candidates) {
    const { turn, is, changed } = candidate
    if (is !== undefined || changed !== undefined || turn.time === undefined) continue
    const place = `${turn.role} ${turn.time}`
    const position = positions.get(place)
    const other = position === undefined ? undefined : known[position]
    if (position === undefined || other === undefined || !mayBe(turn, other)) continue
    positions.delete(place)
    taken.add(position)
    candidate.changed = textChange(other, turn)
  }
}

/** False where both state an id, or both a time, and these differ. */
const mayBe = (turn: FileTurn, { statedId, statedTime }: KnownTurn): boolean =>
  (turn.id === undefined || statedId === undefined) && (turn.time === undefined || statedTime === undefined || turn.time === statedTime)

/** Pairs turns that are not known with known ones that are not in the file, between the same neighbours. */
function matchPlaces(known: readonly KnownTurn[], candidates: readonly Candidate[], taken: Set<number>): void {
  let start = 0
  let before = -1
  for (let index = 0; index <= candidates.length; index++) {
    const position = index === candidates.length ? known.length : candidates[index]?.is
    if (position === undefined) continue
    const open = candidates.slice(start, index).filter(({ is, changed }) => is === undefined && changed === undefined)
    if (open.length > 0 && position > before) {
      const free = range(before + 1, position).filter((one) => !taken.has(one))
      const isStart = before === -1 && start === 0
      const isEnd = index === candidates.length
      // From the neighbour that is known outwards.
      if (isStart) pair(known, open.toReversed(), free.toReversed(), taken, true)
      else pair(known, open, free, taken, isEnd || open.length !== free.length)
    }
    before = Math.max(before, position)
    start = index + 1
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)

function pair(
  known: readonly KnownTurn[],
  open: readonly Candidate[],
  free: readonly number[],
  taken: Set<number>,
  mustResemble: boolean,
): void {
  let next = 0
  for (const candidate of open) {
    for (let at = next; at < free.length; at++) {
      const position = free[at] ?? 0
      const other = known[position]
      if (other === undefined || other.role !== candidate.turn.role || !mayBe(candidate.turn, other)) continue
      if (mustResemble && !resembles(other.head, headOf(candidate.turn.text))) break
      taken.add(position)
      candidate.changed = textChange(other, candidate.turn)
      next = at + 1
      break
    }
  }
}

/** Share of the pairs of characters that two texts must have in common. */
const RESEMBLANCE_MIN = 0.5

/** Whether two texts share at least half of their pairs of characters (Dice's coefficient). */
function resembles(one: string, other: string): boolean {
  const [a, b] = [pairsOf(one), pairsOf(other)]
  let common = 0
  const counts = new Map<string, number>()
  for (const two of a) counts.set(two, (counts.get(two) ?? 0) + 1)
  for (const two of b) {
    const count = counts.get(two) ?? 0
    if (count === 0) continue
    counts.set(two, count - 1)
    common += 1
  }
  return 2 * common >= RESEMBLANCE_MIN * (a.length + b.length)
}

const pairsOf = (text: string): string[] => {
  const characters = Array.from(` ${text.toLowerCase().trim()} `)
  return characters.slice(1).map((character, index) => `${characters[index] ?? ''}${character}`)
}
