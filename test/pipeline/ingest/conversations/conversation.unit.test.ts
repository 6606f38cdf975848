import { expect, test } from 'vitest'
import { planConversation, type PlanOptions, withActor } from '../../../../pipeline/ingest/conversations/conversation.ts'
import { conversationsIn } from '../../../../pipeline/ingest/conversations/conversation-formats.ts'
import { keyOf, type KnownConversation } from '../../../../pipeline/ingest/conversations/known-turns.ts'

const NOTHING: KnownConversation = { turns: [], historyCount: 0, endCount: 0, facts: {}, isLive: false, n: 0 }
const HISTORY: PlanOptions = { mode: 'history', counted: false }

function conversationOf(value: unknown, mode: PlanOptions['mode'] = 'history') {
  const [read] = conversationsIn(value)
  if (read === undefined) throw new Error('no conversation')
  return withActor(read, mode)
}
function planOf(value: unknown, options = HISTORY, known = NOTHING) {
  const conversation = conversationOf(value, options.mode)
  if ('problem' in conversation) throw new Error(conversation.problem)
  return planConversation(conversation, known, options)
}

const imported = {
  id: 'c-1',
  lang: 'zh',
  customer: 'k-1',
  channel: 'web',
  rating: 4,
  tags: ['late'],
  turns: [
    { role: 'user', text: '你好', time: '2024-03-05T09:00:00Z', id: 'm1' },
    { role: 'assistant', text: 'Hello', lang: 'en' },
    { role: 'agent', text: '你好', agent: 'ann', time: '2024-03-05T09:01:00Z' },
  ],
}

test('a new conversation as history has one input for each turn, and an end with its facts', () => {
  const { inputs } = planOf(imported, { mode: 'history', counted: true })
  expect(inputs).toEqual([
    {
      type: 'message.received',
      id: 'm1',
      source: 'import',
      history: true,
      time: '2024-03-05T09:00:00.000Z',
      data: { role: 'user', text: '你好', lang: 'zh', customer: 'k-1', channel: 'web' },
    },
    {
      type: 'message.received',
      id: expect.stringMatching(/^turn-[\w-]{16}$/) as unknown,
      source: 'import',
      history: true,
      time: '2024-03-05T09:00:00.000Z',
      data: { role: 'assistant', text: 'Hello', lang: 'en' },
    },
    {
      type: 'message.received',
      id: expect.stringMatching(/^turn-[\w-]{16}$/) as unknown,
      source: 'import',
      history: true,
      time: '2024-03-05T09:01:00.000Z',
      data: { role: 'agent', text: '你好', lang: 'zh', agent: 'ann' },
    },
    {
      type: 'conversation.imported',
      id: 'imported-3',
      source: 'import/end',
      sequence: 3,
      data: { turns: 3, rating: 4, tags: ['late'], counted: true, endedAt: '2024-03-05T09:01:00.000Z' },
    },
  ])
})

test('a live conversation has only the turns of users, at the time of their sending', () => {
  expect(planOf(imported, { mode: 'live', counted: false }).inputs).toEqual([
    {
      type: 'message.received',
      id: 'm1',
      source: 'import',
      data: { role: 'user', text: '你好', lang: 'zh', customer: 'k-1', channel: 'web' },
    },
  ])
})

test('a conversation that is there publishes its facts if they differ, and an end that is missing', () => {
  const all = planOf(imported)
  const known: KnownConversation = {
    ...NOTHING,
    turns: all.added.map(({ role, text, id }) => ({ role, key: keyOf(role, text), head: text, id })),
    historyCount: 3,
    endCount: 3,
    facts: { rating: 4, tags: ['late'] },
    n: 4,
  }
  const typesWith = (more: Partial<KnownConversation>, options = HISTORY) =>
    planOf(imported, options, { ...known, ...more }).inputs.map(({ id }) => id)
  expect(typesWith({})).toEqual([])
  expect(typesWith({ endCount: 2 })).toEqual(['imported-3'])
  expect(typesWith({ facts: { rating: 5, tags: ['late'] } })).toEqual([expect.stringMatching(/^imported-3-/)])
  expect(typesWith({}, { mode: 'history', counted: true })).toEqual([expect.stringMatching(/^imported-3-/)])
  expect(planOf(imported, HISTORY, { ...known, facts: {}, isLive: true })).toMatchObject({ inputs: [], factsLeft: true })
})

test('a conversation that no actor could take has a problem', () => {
  expect(conversationOf({ ...imported, id: '' })).toEqual({ problem: expect.stringMatching(/^id: /) as unknown })
  expect(conversationOf({ ...imported, turns: [{ role: 'user', text: '\ud800' }] })).toEqual({
    problem: expect.stringContaining('lone surrogate') as unknown,
  })
  const long = { role: 'user', text: 'x'.repeat(300_000) }
  expect(conversationOf({ ...imported, turns: [...imported.turns, long] })).toEqual({
    problem: expect.stringMatching(/turn 4: it has \d+ bytes/) as unknown,
  })
  expect(conversationOf({ ...imported, turns: [{ role: 'user', text: 'a', id: 'seq:1' }] })).toEqual({
    problem: expect.stringContaining('reserved') as unknown,
  })
})
