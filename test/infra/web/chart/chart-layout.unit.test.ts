import { describe, expect, test } from 'vitest'
import { and, type AnyStateNode, createMachine, not, raise } from 'xstate'
import { loadCatalogue } from '../../../../actors/kinds/interest/catalogue.ts'
import { createInterest } from '../../../../actors/kinds/interest/kind.ts'
import { createReminder } from '../../../../actors/kinds/reminder/kind.ts'
import { type DrawnState, layOut } from '../../../../infra/web/chart/chart-layout.ts'
import { durationText, eventName } from '../../../../infra/web/chart/chart-names.ts'
import type { Point } from '../../../../infra/web/chart/layered-layout.ts'
import { readStatechart } from '../../../../infra/web/chart/statechart.ts'
import { parallelKind } from '../../../support/parallel-kind.ts'
import { support } from '../../../support/support-harness.ts'
import { toyKind } from '../../../support/toy-kind.ts'

type Box = Pick<DrawnState, 'x' | 'y' | 'width' | 'height'>
const right = ({ x, width }: Box): number => x + width
const bottom = ({ y, height }: Box): number => y + height
const overlap = (a: Box, b: Box): boolean => a.x < right(b) && b.x < right(a) && a.y < bottom(b) && b.y < bottom(a)
const pathsOf = (node: AnyStateNode): string[] => [node.path.join('.'), ...Object.values(node.states).flatMap(pathsOf)]
/** Rounding of the layout. */
const SLACK = 1
const isOnBorder = ({ x, y }: Point, box: DrawnState): boolean => {
  const [dx, dy] = [Math.min(Math.abs(x - box.x), Math.abs(x - right(box))), Math.min(Math.abs(y - box.y), Math.abs(y - bottom(box)))]
  const isWithin = x > box.x - SLACK && x < right(box) + SLACK && y > box.y - SLACK && y < bottom(box) + SLACK
  return isWithin && Math.min(dx, dy) < SLACK
}

/** Lines of every direction: to itself, up, down, across, and out of and into states at several depths. */
const nested = {
  name: 'nested',
  machine: createMachine({
    id: 'nested',
    initial: 'a',
    on: { reset: { target: '.a.x', reenter: true }, again: { target: '.', reenter: true } },
    states: {
      a: {
        initial: 'x',
        on: { deep: 'b.p.q.r', self: { target: 'a', reenter: true } },
        states: {
          x: { on: { go: 'y', stay: { target: 'x', reenter: true } } },
          y: { on: { out: '#nested.done', up: '#nested.b', cross: '#nested.b.p.q' } },
        },
      },
      b: {
        initial: 'p',
        states: {
          p: {
            initial: 'q',
            states: {
              q: {
                initial: 'r',
                on: { leave: '#nested.b' },
                states: { r: { on: { back: '#nested.a.y', home: '#nested.a', end: '#nested.done' } }, s: { always: 'r' } },
              },
            },
          },
          另一个: { on: { 一个很长的事件名字: 'p' } },
        },
      },
      done: { type: 'final' },
    },
  }),
}

/** Whether a piece of a line goes through the inside of a box. */
const isThrough = (from: Point, to: Point, box: Box): boolean =>
  Math.min(from.x, to.x) < right(box) - SLACK
  && Math.max(from.x, to.x) > box.x + SLACK
  && Math.min(from.y, to.y) < bottom(box) - SLACK
  && Math.max(from.y, to.y) > box.y + SLACK

const DRAWN = [toyKind, support, createReminder(), createInterest(loadCatalogue()), parallelKind, nested]

describe.each(DRAWN)('the drawing of $name', ({ machine }) => {
  test('has every state once, inside its parent and beside its siblings', () => {
    const { states } = layOut(readStatechart(machine))
    const byId = new Map(states.map((state) => [state.id, state]))

    expect(states.map(({ id }) => id)).toEqual(pathsOf(machine.root))
    for (const state of states) {
      const parent = byId.get(state.parent ?? '')
      if (state.parent === null || parent === undefined) continue
      expect(state.x).toBeGreaterThan(parent.x)
      expect(state.y).toBeGreaterThanOrEqual(parent.y + parent.headHeight)
      expect(right(state)).toBeLessThan(right(parent))
      expect(bottom(state)).toBeLessThan(bottom(parent))
      for (const sibling of states) if (sibling.parent === state.parent && sibling !== state) expect(overlap(state, sibling)).toBe(false)
    }
  })

  test('has a line from border to border for every transition, and a beginning wherever there is one', () => {
    const chart = readStatechart(machine)
    const { states, transitions, beginnings } = layOut(chart)
    const box = (id: string): DrawnState => states.find((state) => state.id === id) ?? expect.unreachable()

    expect(transitions.flatMap((line) => line.transitions)).toHaveLength(chart.transitions.length)
    for (const { from, to, points } of transitions) {
      expect(isOnBorder(points[0] ?? { x: 0, y: 0 }, box(from))).toBe(true)
      expect(isOnBorder(points.at(-1) ?? { x: 0, y: 0 }, box(to))).toBe(true)
    }
    expect(beginnings).toHaveLength(states.filter(({ type }) => type === 'compound').length)
  })

  test('has lines that turn at right angles and pass beside all states that hold no others', () => {
    const { states, transitions } = layOut(readStatechart(machine))
    const leaves = states.filter(({ id }) => !states.some(({ parent }) => parent === id))
    for (const { points } of transitions) {
      for (const [index, point] of points.slice(1).entries()) {
        const before = points[index] ?? expect.unreachable()
        const [dx, dy] = [Math.abs(point.x - before.x), Math.abs(point.y - before.y)]
        expect(Math.min(dx, dy)).toBeLessThan(SLACK)
        expect(leaves.filter((leaf) => isThrough(before, point, leaf)).map(({ id }) => id)).toEqual([])
      }
    }
  })

  test('has labels on their lines that cover neither each other nor a state that holds no others', () => {
    const { states, transitions } = layOut(readStatechart(machine))
    const leaves = states.filter(({ id }) => !states.some(({ parent }) => parent === id))
    const labels = transitions.flatMap(({ label }) => label ?? [])
    for (const { label, points } of transitions) {
      if (label === undefined) continue
      expect([...leaves, ...labels.filter((other) => other !== label)].filter((other) => overlap(label, other))).toEqual([])
      expect(points.slice(1).some((point, index) => isThrough(points[index] ?? point, point, label))).toBe(true)
    }
  })
})

test('transitions have the names of sources, guards and actions, not the ids that XState makes up', () => {
  const isNew = not('isOld')
  const chart = readStatechart(
    createMachine({
      id: 'order',
      initial: 'a',
      states: {
        a: {
          invoke: [
            { src: 'look', onDone: { target: 'b', guard: and(['isBig', isNew]), actions: 'note' }, onError: 'b' },
            { src: 'look', id: 'again', onDone: 'b' },
          ],
        },
        b: { on: { go: { target: 'a', guard: () => true, actions: [raise({ type: 'stop' }), () => undefined] } } },
      },
    }),
  )
  expect(chart.transitions.map(({ label, actions }) => [label, ...actions])).toEqual([
    ['look done [and(isBig, not(isOld))]', 'note'],
    ['look failed'],
    ['again done'],
    ['go [if …]', 'raise stop', '…'],
  ])
  expect(chart.root.states[0]?.lines).toEqual(['run look', 'run look (again)'])
})

test('events of after, invoke and onDone are shown as their author wrote them', () => {
  const events = [
    'xstate.after.1800000.m.a.b',
    'xstate.after.silence.m',
    'xstate.done.actor.look.up',
    'xstate.error.actor.x',
    'xstate.done.state.m',
    'message.received',
  ]
  expect(events.map((event) => eventName(event))).toEqual([
    'after 30 min',
    'after silence',
    'look.up done',
    'x failed',
    'done',
    'message.received',
  ])
  expect([250, 1_500, 2_000, 90_000, 3_600_000, 172_800_000].map(durationText)).toEqual(['250 ms', '1500 ms', '2 s', '90 s', '1 h', '2 d'])
})
