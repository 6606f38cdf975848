import { expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { newActor } from '../../../actors/core/actor.ts'
import { replayRecord } from '../../../actors/core/replay.ts'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { inputAdvice } from '../../../actors/definition/input-advice.ts'
import { kindsByName } from '../../../actors/definition/kind.ts'
import { authorKind } from '../../../actors/kinds/author/author-kind.ts'
import { createDesk } from '../../../actors/kinds/desk/desk-kind.ts'
import { createDocumentKind } from '../../../actors/kinds/document/kind.ts'
import { createFront } from '../../../actors/kinds/front/kind.ts'
import { intentsKind } from '../../../actors/kinds/intents/intents-kind.ts'
import { loadCatalogue } from '../../../actors/kinds/interest/catalogue.ts'
import { createInterest } from '../../../actors/kinds/interest/kind.ts'
import { seriesKind } from '../../../actors/kinds/series/series-kind.ts'
import { createSupport } from '../../../actors/kinds/support/kind.ts'
import { createTemplate } from '../../../actors/kinds/template/kind.ts'
import { topicKind } from '../../../actors/kinds/topic/topic-kind.ts'
import { topicsKind } from '../../../actors/kinds/topic/topics-kind.ts'
import { createTriggerKind } from '../../../actors/kinds/trigger/trigger-kind.ts'
import { createWriter } from '../../../actors/kinds/writer/writer-kind.ts'
import { given } from '../../../actors/testkit/scenario.ts'

const definition = defineKind({
  name: 'listener',
  version: 1,
  context: z.object({}),
  events: { told: z.object({}), heard: z.object({}), open: z.object({}) },
  sentBy: { told: ['teller'], heard: '*' },
  emits: {},
  tasks: {},
})
const listener = definition.with(
  setup(definition.xstate).createMachine({
    id: 'listener',
    context: {},
    initial: 'waiting',
    states: { waiting: { on: { told: 'knowing', heard: 'knowing', open: 'knowing' } }, knowing: {} },
  }),
)
const story = () => given(listener, { tenant: 'acme', id: 'l1' })
const TELLER = 'colloquy/acme/teller/t1'
const OTHER = 'colloquy/acme/other/o1'

test('an input that only actors of a kind send is refused from actors of others, and from a producer that writes the source of one', () => {
  story().when('told', {}, { source: TELLER }).thenState('knowing')
  story().when('told', {}, { source: OTHER }).thenRejected('bad_data')
  story().when('told', {}, { source: 'web' }).thenRejected('bad_data')
  const forged = story().whenRaw({ type: 'told', source: TELLER, data: {} }).thenRejected('bad_data')
  expect(forged.records.at(-1)?.error).toBe('source: only actors of the kind teller send "told", and this one is from a producer')
})

test('an input that actors of every kind send is refused from producers, and all others come from anybody', () => {
  story().when('heard', {}, { source: OTHER }).thenState('knowing')
  story().whenRaw({ type: 'heard', source: OTHER, data: {} }).thenRejected('bad_data')
  story().whenRaw({ type: 'open', source: 'web', data: {} }).thenState('knowing')
})

test('a producer is told before it sends', () => {
  const advised = inputAdvice(kindsByName([listener]), 'listener', { type: 'told', source: TELLER, data: {} })
  expect(advised).toMatchObject({ code: 'bad_data', message: expect.stringContaining('only actors of the kind teller') as string })
})

test('what a kind took from anybody before it said who sends it is replayed as recorded', () => {
  const open = { ...listener, sentBy: {} }
  const { records } = given(open, { tenant: 'acme', id: 'l1' }).when('told', {}, { source: 'web' })
  const [record] = records
  if (record === undefined) throw new Error('the input has no record')
  const replayed = replayRecord(kindsByName([listener]), newActor({ tenant: 'acme', kind: 'listener', id: 'l1' }), record)
  expect(replayed.kind).toBe('same')
})

test('what an actor has sent is replayed as recorded', () => {
  const [record] = story().when('told', {}, { source: TELLER }).records
  if (record === undefined) throw new Error('the input has no record')
  const replayed = replayRecord(kindsByName([listener]), newActor({ tenant: 'acme', kind: 'listener', id: 'l1' }), record)
  expect(replayed.kind).toBe('same')
})

test('the built-in kinds take from actors only what actors send', () => {
  const nowhere = async (): Promise<void> => undefined
  const kinds = [
    authorKind,
    topicKind,
    topicsKind,
    createTemplate(),
    createDocumentKind({ make: () => Promise.reject(new Error('nothing is made here')) }),
    createInterest(loadCatalogue()),
    seriesKind,
    createTriggerKind({ channels: { hook: nowhere, chat: nowhere, mail: nowhere } }),
    createWriter(),
    intentsKind,
    createFront(),
    createDesk(),
    createSupport({ articles: [], desk: { kind: 'counter' } }),
  ]
  expect(Object.fromEntries(kinds.map(({ name, sentBy }) => [name, sentBy]))).toEqual({
    author: { 'author.credited': ['post'] },
    topic: { 'topic.joined': ['post'] },
    topics: { 'topic.placed': ['topic'] },
    template: { 'template.asked': '*' },
    document: { 'template.given': ['template'] },
    interest: { 'profile.merged': ['interest'] },
    series: { 'series.watched': '*', 'series.unwatched': '*' },
    trigger: { 'condition.changed': ['series'] },
    writer: { 'choice.made': ['strategy'] },
    intents: { 'intent.counted': ['intent'] },
    front: { 'message.sent': '*', 'case.closed': '*' },
    desk: { 'case.waiting': '*', 'case.asked': '*', 'case.replied': '*', 'case.ended': '*' },
    support: {
      'case.queued': ['counter'],
      'case.called': ['counter'],
      'case.misdirected': ['counter'],
      'case.assigned': ['counter'],
      'case.released': ['counter'],
      'case.overdue': ['counter'],
    },
  })
})
