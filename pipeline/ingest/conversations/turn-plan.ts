import type { FileTurn } from './conversation-formats.ts'
import { fileName, fileOf, headOf, isTurnId, keyOf, type KnownTurn, ofFile, placeName, placeOf, turnId } from './known-turns.ts'

/** A turn that the actor lacks. */
export interface NewTurn extends FileTurn {
  readonly id: string
}

/** A turn of the file of which the actor has another version. */
export interface ChangedTurn {
  /** Number of the turn in the file, from 1. */
  readonly number: number
  readonly role: string
  readonly wasRole: string
  /** The starts of the texts. */
  readonly was: string
  readonly is: string
}

/** What an import does to one conversation. */
export interface TurnPlan {
  readonly added: readonly NewTurn[]
  /** Number of turns that the actor has already. */
  readonly known: number
  readonly changed: readonly ChangedTurn[]
  /** Number of known turns that only their text tells, apart from their neighbours in the file: they may be others that say the same. */
  readonly byTextOnly: number
  /** Number of added turns that have a known turn after them in the file. */
  readonly late: number
  /** How many of them have no time, so that nothing orders them among the known ones. */
  readonly lateUntimed: number
}

/** A turn of the file, with what is known of it. */
interface Candidate {
  readonly turn: FileTurn
  readonly key: string
  /** Position of the known turn that it is. */
  is?: number
  /** Position of the known turn of which it is another version. */
  changed?: number
  /** Its text and number alone tell which known turn it is. */
  isByText?: true
}

export interface TurnPlanOptions {
  /** Adds the turns that have changed, too. */
  readonly addChanged?: boolean | undefined
}

/**
 * Compares the turns of a file with those that the actor has. A turn is known by what it says: its role and text, and its number among
 * those that say the same. An id or a time tells two such turns apart where both state one. Where the file begins with the end of what is
 * known, as a window that moves on does, that is what it has in common, and all that follows is new; and the other way round where it ends
 * with the beginning of what is known.
 *
 * A turn has changed if a known one has its id, or if one of the same role that is not in the file resembles it and has its time or stands
 * in its place, between the same neighbours.
 */
export function planTurns(recorded: readonly KnownTurn[], turns: readonly FileTurn[], options: TurnPlanOptions = {}): TurnPlan {
  const known = inOrder(recorded)
  const candidates = turns.map((turn): Candidate => ({ turn, key: keyOf(turn.role, turn.text) }))
  const file = fileName(candidates.map(({ key }) => key))
  let isWindow = known.length === 0
  if (known.length > 0) {
    const taken = new Set<number>()
    const otherTexts = matchIds(known, candidates, taken)
    matchEqualTimes(known, candidates, taken)
    // Ids and equal times are certain, and so is a file that was compared by numbers before.
    const isCertain = candidates.some(({ is }) => is !== undefined) || known.some(({ id }) => fileOf(id) === file)
    isWindow = !isCertain && (matchWindow(known, candidates, taken) || matchEarlierWindow(known, candidates, taken))
    if (!isWindow) matchTexts(known, candidates, taken)
    for (const [candidate, position] of otherTexts) if (candidate.is === undefined) change(candidate, position, taken)
    matchTimes(known, candidates, taken)
    if (candidates.some(({ is }) => is !== undefined)) matchPlaces(known, candidates, taken)
  }
  return planOf(known, candidates, options.addChanged === true, isWindow ? undefined : file)
}

/** @param file the name of a file that was compared by numbers */
function planOf(known: readonly KnownTurn[], candidates: readonly Candidate[], addChanged: boolean, file: string | undefined): TurnPlan {
  const numbers = new Map<string, number>()
  for (const { key } of known) numbers.set(key, (numbers.get(key) ?? 0) + 1)
  const added: NewTurn[] = []
  const changed: ChangedTurn[] = []
  let late = 0
  let lateUntimed = 0
  const next = nextKnown(known, candidates)
  for (const [index, { turn, key, is, changed: position }] of candidates.entries()) {
    const was = position === undefined ? undefined : known[position]
    if (was !== undefined && !addChanged) {
      changed.push({ number: index + 1, role: turn.role, wasRole: was.role, was: was.head, is: headOf(turn.text) })
    } else if (is === undefined) {
      const number = (numbers.get(key) ?? 0) + 1
      numbers.set(key, number)
      const before = next[index]
      // The id that a changed turn states is that of its other version.
      const stated = was === undefined ? turn.id : undefined
      added.push({ ...turn, id: stated ?? turnId(key, number, turn.time, before) })
      if (before === undefined) continue
      late += 1
      if ((turn.at ?? turn.time) === undefined) lateUntimed += 1
    }
  }
  const last = added.at(-1)
  if (file !== undefined && last !== undefined && isTurnId(last.id)) added.splice(-1, 1, { ...last, id: ofFile(last.id, file) })
  const byTextOnly = candidates.filter((_, index) => isByTextOnly(known, candidates, index)).length
  return { added, known: candidates.length - added.length - changed.length, changed, byTextOnly, late, lateUntimed }
}

/** Whether a turn is known by its text alone, though its neighbours in the file are not those of the known turn. */
function isByTextOnly(known: readonly KnownTurn[], candidates: readonly Candidate[], index: number): boolean {
  const { is, isByText } = candidates[index] ?? {}
  if (is === undefined || isByText !== true) return false
  const isAt = (neighbour: number, position: number, isEnd: boolean): boolean => {
    const other = candidates[neighbour]
    return other === undefined ? isEnd : (other.is ?? other.changed) === position
  }
  return !isAt(index - 1, is - 1, is === 0) && !isAt(index + 1, is + 1, is === known.length - 1)
}

/** For each turn of the file, the id of the next one that is known. */
function nextKnown(known: readonly KnownTurn[], candidates: readonly Candidate[]): (string | undefined)[] {
  let id: string | undefined
  return candidates
    .toReversed()
    .map(({ is }) => {
      const before = id
      if (is !== undefined) id = known[is]?.id
      return before
    })
    .toReversed()
}

/** The turns in the order of the conversation: those that were appended late stand where the file had them. */
function inOrder(recorded: readonly KnownTurn[]): readonly KnownTurn[] {
  const late = Map.groupBy(recorded, ({ id }) => placeOf(id))
  if (late.size <= 1 && !late.keys().some((place) => place !== undefined)) return recorded
  const placed = new Set<KnownTurn>()
  const ordered: KnownTurn[] = []
  // Each turn waits on the stack for those before it.
  const stack = recorded.filter(({ id }) => placeOf(id) === undefined).toReversed()
  for (let turn = stack.pop(); turn !== undefined; turn = stack.pop()) {
    const before = late.get(placeName(turn.id)) ?? []
    if (before.length === 0 || placed.has(turn)) ordered.push(turn)
    else stack.push(turn, ...before.toReversed())
    placed.add(turn)
  }
  return [...ordered, ...recorded.filter((turn) => !placed.has(turn))]
}

function change(candidate: Candidate, position: number, taken: Set<number>): void {
  taken.add(position)
  candidate.changed = position
}

function know(candidate: Candidate, position: number | undefined, taken: Set<number>): void {
  if (position === undefined) return
  taken.add(position)
  candidate.is = position
}

/** Returns the turns whose id a known one has that says something else. */
function matchIds(known: readonly KnownTurn[], candidates: readonly Candidate[], taken: Set<number>): Map<Candidate, number> {
  const positions = new Map(known.map(({ id }, position) => [id, position]))
  const others = new Map<Candidate, number>()
  for (const candidate of candidates) {
    const position = candidate.turn.id === undefined ? undefined : positions.get(candidate.turn.id)
    if (position === undefined) continue
    if (known[position]?.key === candidate.key) know(candidate, position, taken)
    else others.set(candidate, position)
  }
  return others
}

function matchEqualTimes(known: readonly KnownTurn[], candidates: readonly Candidate[], taken: Set<number>): void {
  const positions = positionsBy(known, taken, ({ key, statedTime }) => (statedTime === undefined ? undefined : `${key} ${statedTime}`))
  for (const one of candidates) {
    if (one.is === undefined && one.turn.time !== undefined)
      know(one, takeFirst(known, positions.get(`${one.key} ${one.turn.time}`), one), taken)
  }
}

/**
 * Matches a file that is part of what is known as it stands, or that begins with its end. In the second case nothing else in the file is
 * known. A short overlap may be chance: the numbers of equal turns come first where they have the file's turns in the known order, and no
 * turn is then missing in the middle, or none of the known ones; and where all turns are known by them and most are not in the overlap.
 *
 * @returns whether it is such a file
 */
function matchWindow(known: readonly KnownTurn[], candidates: readonly Candidate[], taken: Set<number>): boolean {
  const { start, length } = longestOverlap(known, candidates)
  if (length === 0 || (length < candidates.length && agreesByNumber(known, candidates, length))) return false
  for (let index = 0; index < length; index++) {
    const candidate = candidates[index]
    if (candidate !== undefined) know(candidate, start + index, taken)
  }
  return true
}

/** As `matchWindow`, for a file that ends with the beginning of what is known, as an earlier window that is imported later does. */
function matchEarlierWindow(known: readonly KnownTurn[], candidates: readonly Candidate[], taken: Set<number>): boolean {
  const { length } = longestOverlap(known.toReversed(), candidates.toReversed())
  if (length === 0 || agreesByNumber(known, candidates, length)) return false
  for (const [position, candidate] of candidates.slice(-length).entries()) know(candidate, position, taken)
  return true
}

/** The longest beginning of the file in what is known that ends with the file or with what is known (Knuth, Morris and Pratt). */
function longestOverlap(known: readonly KnownTurn[], candidates: readonly Candidate[]): { start: number; length: number } {
  const keys = candidates.map(({ key }) => key)
  const borders: number[] = [0]
  for (let index = 1, length = 0; index < keys.length; index++) {
    while (length > 0 && keys[index] !== keys[length]) length = borders[length - 1] ?? 0
    if (keys[index] === keys[length]) length += 1
    borders.push(length)
  }
  let length = 0
  for (const [position, { key }] of known.entries()) {
    while (length > 0 && keys[length] !== key) length = borders[length - 1] ?? 0
    if (keys[length] === key) length += 1
    if (length === keys.length) {
      const start = position + 1 - length
      if (canBe(known, candidates, start, length)) return { start, length }
      length = borders[length - 1] ?? 0
    }
  }
  while (length > 0 && !canBe(known, candidates, known.length - length, length)) length = borders[length - 1] ?? 0
  return { start: known.length - length, length }
}

/** Whether no id and no time of the first turns of the file differs from those of the known ones. */
function canBe(known: readonly KnownTurn[], candidates: readonly Candidate[], start: number, length: number): boolean {
  for (let index = 0; index < length; index++) {
    const [candidate, one] = [candidates[index], known[start + index]]
    if (candidate === undefined || one === undefined || !mayBe(candidate.turn, one)) return false
  }
  return true
}

function agreesByNumber(known: readonly KnownTurn[], candidates: readonly Candidate[], overlap: number): boolean {
  const copies = candidates.map(({ turn, key }): Candidate => ({ turn, key }))
  matchTexts(known, copies, new Set())
  const positions = copies.flatMap(({ is }) => is ?? [])
  if (positions.length === copies.length && 2 * overlap < copies.length) return true
  const first = copies.findIndex(({ is }) => is !== undefined)
  const last = copies.findLastIndex(({ is }) => is !== undefined)
  const isOrdered = positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? -1))
  const isWhole = last + 1 - first === positions.length
  const hasNoGap = (positions.at(-1) ?? 0) + 1 - (positions[0] ?? 0) === positions.length
  return isOrdered && ((isWhole && first === 0) || hasNoGap)
}

function matchTexts(known: readonly KnownTurn[], candidates: readonly Candidate[], taken: Set<number>): void {
  const open = candidates.filter(({ is }) => is === undefined)
  // A time tells a turn from those with another one. A turn without a time leaves the others theirs.
  const untimed = positionsBy(known, taken, ({ key, statedTime }) => (statedTime === undefined ? key : undefined))
  for (const one of open) if (one.turn.time !== undefined) know(one, takeFirst(known, untimed.get(one.key), one), taken)
  const others = positionsBy(known, taken, ({ key }) => key)
  for (const one of open) if (one.turn.time === undefined) know(one, takeFirst(known, others.get(one.key), one), taken)
  for (const one of open) if (one.is !== undefined) one.isByText = true
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
function takeFirst(known: readonly KnownTurn[], positions: number[] | undefined, { turn }: Candidate): number | undefined {
  const index = positions?.findLastIndex((one) => turn.id === undefined || known[one]?.statedId === undefined) ?? -1
  return index < 0 ? undefined : positions?.splice(index, 1)[0]
}

/** Known turns of one role and time that a turn is compared with. */
const SAME_TIME_MAX = 50

/** A turn that resembles one of its role and time that is not in the file has replaced it. */
function matchTimes(known: readonly KnownTurn[], candidates: readonly Candidate[], taken: Set<number>): void {
  const positions = positionsBy(known, taken, ({ role, statedTime }) => (statedTime === undefined ? undefined : `${role} ${statedTime}`))
  for (const candidate of candidates) {
    const { turn, is, changed } = candidate
    if (is !== undefined || changed !== undefined || turn.time === undefined) continue
    const position = positions
      .get(`${turn.role} ${turn.time}`)
      ?.slice(-SAME_TIME_MAX)
      .findLast((one) => {
        const other = known[one]
        return other !== undefined && !taken.has(one) && mayBe(turn, other) && resembles(other.head, headOf(turn.text))
      })
    if (position !== undefined) change(candidate, position, taken)
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
      // From the neighbour that is known outwards.
      if (isStart) pair(known, open.toReversed(), free.toReversed(), taken)
      else pair(known, open, free, taken)
    }
    before = Math.max(before, position)
    start = index + 1
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)

function pair(known: readonly KnownTurn[], open: readonly Candidate[], free: readonly number[], taken: Set<number>): void {
  let next = 0
  for (const candidate of open) {
    for (let at = next; at < free.length; at++) {
      const position = free[at] ?? 0
      const other = known[position]
      if (other === undefined || other.role !== candidate.turn.role || !mayBe(candidate.turn, other)) continue
      if (!resembles(other.head, headOf(candidate.turn.text))) break
      change(candidate, position, taken)
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
