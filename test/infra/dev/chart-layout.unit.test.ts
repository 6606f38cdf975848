import { describe, expect, test } from 'vitest'
import type { AnyStateNode } from 'xstate'
import { loadCatalogue } from '../../../actors/kinds/interest/catalogue.ts'
import { createInterest } from '../../../actors/kinds/interest/kind.ts'
import { reminderKind } from '../../../actors/kinds/reminder/kind.ts'
import { layOut, type DrawnState, type Point } from '../../../infra/dev/chart/chart-layout.ts'
import { durationText, eventName } from '../../../infra/dev/chart/chart-names.ts'
import { readStatechart } from '../../../infra/dev/chart/statechart.ts'
import { support } from '../../support/support-harness.ts'
import { toyKind } from '../../support/toy-kind.ts'

const right = ({ x, width }: DrawnState): number => x + width
const bottom = ({ y, height }: DrawnState): number => y + height
const overlap = (a: DrawnState, b: DrawnState): boolean => a.x < right(b) && b.x < right(a) && a.y < bottom(b) && b.y < bottom(a)
const pathsOf = (node: AnyStateNode): string[] => [node.path.join('.'), ...Object.values(node.states).flatMap(pathsOf)]
/** Rounding of the layout. */
const SLACK = 1
const isOnBorder = ({ x, y }: Point, box: DrawnState): boolean => {
  const [dx, dy] = [Math.min(Math.abs(x - box.x), Math.abs(x - right(box))), Math.min(Math.abs(y - box.y), Math.abs(y - bottom(box)))]
  const isWithin = x > box.x - SLACK && x < right(box) + SLACK && y > box.y - SLACK && y < bottom(box) + SLACK
  return isWithin && Math.min(dx, dy) < SLACK
}

describe.each([toyKind, support, reminderKind, createInterest(loadCatalogue())])('the drawing of $name', ({ machine }) => {
  test('has every state once, inside its parent and beside its siblings', async () => {
    const { states } = await layOut(readStatechart(machine))
    const byId = new Map(states.map((state) => [state.id, state]))

    expect(states.map(({ id }) => id)).toEqual(pathsOf(machine.root))
    for (const state of states) {
      const parent = byId.get(state.parent ?? '')
      if (state.parent === null || parent === undefined) continue
      expect([state.x > parent.x, state.y >= parent.y + parent.headHeight, right(state) < right(parent), bottom(state) < bottom(parent)]).toEqual([true, true, true, true])
      for (const sibling of states) if (sibling.parent === state.parent && sibling !== state) expect(overlap(state, sibling)).toBe(false)
    }
  })

  test('has a line from border to border for every transition, and a beginning wherever there is one', async () => {
    const chart = readStatechart(machine)
    const { states, transitions, beginnings } = await layOut(chart)
    const box = (id: string): DrawnState => states.find((state) => state.id === id) ?? expect.unreachable()

    expect(transitions.flatMap((line) => line.transitions)).toHaveLength(chart.transitions.length)
    for (const { from, to, points } of transitions) {
      expect(isOnBorder(points[0] ?? { x: 0, y: 0 }, box(from))).toBe(true)
      expect(isOnBorder(points.at(-1) ?? { x: 0, y: 0 }, box(to))).toBe(true)
    }
    expect(beginnings).toHaveLength(states.filter(({ type }) => type === 'compound').length)
  })
})

test('what XState makes of after, invoke and onDone is read as it was written', () => {
  expect(['xstate.after.1800000.m.a.b', 'xstate.after.silence.m', 'xstate.done.actor.look.up', 'xstate.error.actor.x', 'xstate.done.state.m', 'message.received'].map(eventName))
    .toEqual(['after 30 min', 'after silence', 'look.up done', 'x failed', 'done', 'message.received'])
  expect([250, 1_500, 2_000, 90_000, 3_600_000, 172_800_000].map(durationText)).toEqual(['250 ms', '1500 ms', '2 s', '90 s', '1 h', '2 d'])
})
