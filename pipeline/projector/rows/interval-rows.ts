import type { PrivatePart } from '../../../schemas/record.ts'
import type { Row } from '../../../schemas/tables.ts'
import { resolveSeq, type Source } from './row-columns.ts'

/** Rows of `state_intervals`: the intervals that the record ended. */
export function intervalRows({ identity, record, seq, at }: Source): Row<'state_intervals'>[] {
  if (record.left === undefined) return []
  const before = leavesIn(record.from)
  return record.left.map((interval) => {
    const region = regionOf(interval.state, before)
    return {
      ...identity,
      case_no: interval.case,
      history: false,
      left_seq: seq,
      region,
      state: interval.state,
      next: nextIn(region, record.to),
      cause: interval.cause,
      entered_seq: interval.enteredSeq ?? null,
      entered_at: interval.enteredAt,
      left_at: at,
      ms: Math.max(0, Date.parse(record.at) - Date.parse(interval.enteredAt)),
    }
  })
}

/** The states that the actor is in after the record, for the column `open_states` of `actors`. */
export function openIntervals({ state, since }: PrivatePart, seq: number): object[] {
  if (state === null) return []
  const leaves = Object.entries(state.entered)
  const names = leaves.map(([leaf]) => leaf)
  return leaves.map(([leaf, enteredAt]) => ({
    region: regionOf(leaf, names),
    state: leaf,
    entered_seq: resolveSeq(since?.[leaf], seq),
    entered_at: enteredAt,
  }))
}

const leavesIn = (path: string): string[] => path.split('+')

/**
 * The region of a leaf among parallel leaves: its path down to the first name that no other leaf shares, that name included. Empty if the
 * machine has no other active leaf.
 */
function regionOf(leaf: string, leaves: readonly string[]): string {
  if (leaves.length < 2) return ''
  const names = leaf.split('.')
  let shared = 0
  for (const other of leaves) {
    if (other === leaf) continue
    const others = other.split('.')
    let length = 0
    while (length < names.length && names[length] === others[length]) length += 1
    shared = Math.max(shared, length)
  }
  return names.slice(0, shared + 1).join('.')
}

/** The state that follows in a region; the whole path if the machine has left the region. */
function nextIn(region: string, to: string): string {
  if (region === '') return to
  const inside = leavesIn(to).filter((leaf) => leaf === region || leaf.startsWith(`${region}.`))
  return inside.length === 0 ? to : inside.join('+')
}
