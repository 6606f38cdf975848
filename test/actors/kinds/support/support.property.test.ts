import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Actor, actorAfter, newActor } from '../../../../actors/core/actor.ts'
import { decide } from '../../../../actors/core/decide.ts'
import { kindsByName } from '../../../../actors/definition/kind.ts'
import { contextSchema } from '../../../../actors/kinds/support/context.ts'
import type { Act } from '../../../../schemas/dialogue-acts.ts'
import { messageSent } from '../../../../schemas/events.ts'
import { LIMITS } from '../../../../schemas/limits.ts'
import { type LogRecord, recordSchema } from '../../../../schemas/record.ts'
import { timeAt } from '../../../support/core-helpers.ts'
import { cases } from '../../../support/property-cases.ts'
import { createSupportHarness, someAnswer, someHits, support, understoodAs } from '../../../support/support-harness.ts'

type Desk = ReturnType<typeof createSupportHarness>
type Step = (harness: Desk) => void

const TEXTS = [
  'Hello',
  'How much is shipping to Germany?',
  'and to Japan?',
  'thanks!',
  'useless bot',
  'That solved my problem',
  'a human please',
  'HB-1234567',
  '你好',
  '怎么退货',
  '香港呢？',
  '谢谢',
  '太差了',
  '转人工',
  '👍',
  '',
  '???',
  'Wo ist meine Bestellung?',
]

const pendingRuns = (harness: Desk): string[] => Object.keys(harness.actor.state?.tasks ?? {})
const whenPending =
  (act: Step): Step =>
  (harness) => {
    if (pendingRuns(harness).length > 0) act(harness)
  }
const answered: Step = (harness) => {
  harness.result(harness.pendingTask.task === 'lookup' ? { hits: someHits } : someAnswer)
}
const notKnown: Step = (harness) => {
  harness.result(harness.pendingTask.task === 'lookup' ? { hits: [] } : { text: null, sources: [] })
}
const understood =
  (act: Act): Step =>
  (harness) => {
    harness.result(harness.pendingTask.task === 'lookup' ? { hits: [], understood: understoodAs(act) } : someAnswer)
  }
const late: Step = (harness) => {
  const pending = new Set(pendingRuns(harness))
  const old = harness.records.flatMap((record) => record.started).find(({ run }) => !pending.has(run))
  if (old !== undefined) harness.result({ hits: someHits }, old.run)
}

const user = fc.constantFrom(...TEXTS).map((text): Step => (harness) => {
  harness.user(text)
})
const other = fc.constantFrom<Step>(
  (harness) => {
    harness.says('agent', 'Ann here')
  },
  (harness) => {
    harness.says('assistant', 'hm')
  },
  (harness) => {
    harness.event('feedback.given', { rating: 5 })
  },
  (harness) => {
    harness.event('feedback.given', { rating: 1 })
  },
  (harness) => {
    harness.event('case.taken', { agent: 'Ann' })
  },
  (harness) => {
    harness.event('case.resolved', {})
  },
  (harness) => {
    harness.event('conversation.imported', { turns: 3 })
  },
  (harness) => {
    harness.fire()
  },
  late,
)
const outcome = fc.constantFrom(
  whenPending(answered),
  whenPending(answered),
  whenPending(notKnown),
  ...(['handoff', 'feedback', 'chitchat', 'deny', 'new_topic'] as const).map((act) => whenPending(understood(act))),
  whenPending((harness) => {
    harness.fail()
  }),
  whenPending((harness) => {
    harness.expire()
  }),
)
const step = fc.oneof({ weight: 5, arbitrary: user }, { weight: 6, arbitrary: outcome }, { weight: 2, arbitrary: other })
const story = fc.array(step, { maxLength: 60 })

function harnessAfter(steps: readonly Step[]): Desk {
  const harness = createSupportHarness()
  for (const step of steps) step(harness)
  return harness
}

const isOpen = (record: LogRecord): boolean => record.to.startsWith('open')

test('every message of a customer gets exactly one reply, or a person has the case', () => {
  fc.assert(
    fc.property(story, (steps) => {
      const harness = harnessAfter(steps)
      while (pendingRuns(harness).length > 0) answered(harness)

      const open = new Set<string>()
      for (const record of harness.records) {
        const { type, id, data } = record.input
        if (type === 'message.received' && data?.['role'] === 'user') open.add(id)
        for (const event of record.emitted.filter((emitted) => emitted.type === 'message.sent')) {
          const { replyTo } = messageSent.parse(event.data)
          if (replyTo !== undefined) expect(open.delete(replyTo), `a reply to ${replyTo}, which nobody waits for`).toBe(true)
        }
        if (record.to.startsWith('escalated')) open.clear()
        const queue = contextSchema.parse(record.state?.context).queue.map((question) => question.id)
        expect(queue, 'the queue holds exactly what waits, in order').toEqual([...open])
      }
      expect([...open]).toEqual([])
    }),
    { numRuns: cases(400) },
  )
})

test('the machine is silent from an escalation until the case is resolved, and works whenever a message waits', () => {
  fc.assert(
    fc.property(story, (steps) => {
      for (const record of harnessAfter(steps).records) {
        if (record.from.startsWith('escalated') && record.to.startsWith('escalated')) expect(record.emitted).toEqual([])
        if (record.to === 'open.listening') expect(record.state).toMatchObject({ tasks: {}, context: { queue: [] } })
        if (record.to.startsWith('open.answering')) expect(Object.keys(record.state?.tasks ?? {})).toHaveLength(1)
        if (record.from.startsWith('open') && !isOpen(record) && record.to !== 'closed') {
          expect(record.emitted.filter(({ type }) => type === 'escalated')).toHaveLength(1)
        }
        const closes = record.to === 'closed' && record.from !== 'closed'
        expect(record.emitted.filter(({ type }) => type === 'case.closed')).toHaveLength(closes ? 1 : 0)
      }
    }),
    { numRuns: cases(200) },
  )
})

test('no history is rejected, every record and context matches its schema, and the state stays within its bound', () => {
  fc.assert(
    fc.property(story, (steps) => {
      for (const record of harnessAfter(steps).records) {
        expect(record).toMatchObject({ outcome: 'committed', status: 'active' })
        expect(recordSchema.safeParse(record).error).toBeUndefined()
        expect(contextSchema.strict().safeParse(record.state?.context).error).toBeUndefined()
        expect(Buffer.byteLength(JSON.stringify(record.state))).toBeLessThan(LIMITS.stateBytesMax)
      }
    }),
    { numRuns: 100 },
  )
})

test('an actor in memory decides as one that is reloaded from the log each time', () => {
  const kinds = kindsByName([support])
  fc.assert(
    fc.property(story, (steps) => {
      const harness = harnessAfter(steps)
      let live: Actor = newActor({ tenant: 'acme', kind: support.name, id: 'c1' })
      const records: unknown[] = []
      for (const message of harness.messages) {
        const decision = decide(kinds, live, message, { now: timeAt(message.seq), low: 0, lastSeq: live.n }, false)
        if (decision.kind !== 'record') continue
        records.push(JSON.parse(JSON.stringify(decision.record)))
        live = decision.next ?? actorAfter(live.address, decision.record)
      }
      expect(records).toEqual(harness.records)
    }),
    { numRuns: 100 },
  )
})
