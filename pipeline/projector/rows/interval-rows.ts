import type { Row } from '../../../schemas/tables.ts'
import { placeOf, type Source } from './row-columns.ts'

/** Stays that the record ended. */
export function intervalRows({ standing, record, seq, at }: Source): Row<'state_intervals'>[] {
  if (record.left === undefined) return []
  const before = leavesIn(record.from)
  return record.left.map((stay) => {
    const region = regionOf(stay.state, before)
    return {
      ...standing, case_no: stay.case, history: false, left_seq: seq, region, state: stay.state, next: nextIn(region, record.to),
      cause: stay.cause, entered_seq: stay.enteredSeq ?? null, entered_at: stay.enteredAt, left_at: at,
      ms: Date.parse(record.at) - Date.parse(stay.enteredAt),
    }
  })
}

/** Stays that last, as a row of `actors` has them. */
export function openIntervals({ record, seq }: Source): object[] {
  if (record.state === null) return []
  const leaves = Object.entries(record.state.entered)
  const names = leaves.map(([leaf]) => leaf)
  return leaves.map(([state, enteredAt]) => ({
    region: regionOf(state, names), state, entered_seq: placeOf(record.since?.[state], seq), entered_at: enteredAt,
  }))
}

const leavesIn = (path: string): string[] => path.split('+')

/** Where a leaf parts from the nearest other one: the path down to there, its own name included. */
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

function nextIn(region: string, to: string): string {
  if (region === '') return to
  const inside = leavesIn(to).filter((leaf) => leaf === region || leaf.startsWith(`${region}.`))
  return inside.length === 0 ? to : inside.join('+')
}
