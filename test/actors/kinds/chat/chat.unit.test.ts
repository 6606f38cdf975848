import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineTask } from '../../../../actors/definition/task-definition.ts'
import { CHAT_LIMITS, chatContext, newChat } from '../../../../actors/kinds/chat/chat-context.ts'
import { chatSentence } from '../../../../actors/kinds/chat/chat-replies.ts'
import { heard, remembered, replied } from '../../../../actors/kinds/chat/chat-steps.ts'
import type { Field } from '../../../../actors/kinds/chat/forms.ts'
import { createChat } from '../../../../actors/kinds/chat/kind.ts'
import type { ChatReply } from '../../../../actors/kinds/chat/reply-task.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given } from '../../../../actors/testkit/scenario.ts'
import { fails, inTurn, never } from '../../../../actors/testkit/task-stubs.ts'
import { LIMITS } from '../../../../schemas/limits.ts'
import { toolChat } from '../../../support/chat-tools.ts'

const says = (text: string, more: Partial<ChatReply> = {}): ChatReply => ({ text, made: 'model', calls: [], remembered: [], ...more })
const calls = (...wanted: ChatReply['calls']): ChatReply => ({ text: null, made: 'model', calls: wanted, remembered: [] })
const WEATHER = { name: 'weather', args: { city: 'Oslo' }, needsPerson: false }
const REFUND = { name: 'refund', args: { cents: 500 }, needsPerson: true }
const SUMMARY = { summary: 'They talked.', facts: ['Lives in Oslo.'], made: 'model' as const }
const story = given(toolChat)

describe('a chat', () => {
  test.each([
    ['How are you today?', 'en' as const],
    ['今天过得怎么样？', 'zh' as const],
  ])('answers %s', (text, lang) => {
    story
      .task('reply', says('Fine.'))
      .when('message.received', { role: 'user', text }, { id: 'm-1' })
      .thenTask('reply', { id: 'm-1', text, lang, turns: [], calls: [] })
      .thenEmitted('message.sent', { text: 'Fine.', replyTo: 'm-1', lang, made: 'model' })
      .thenState('talk.listening')
  })

  test('tells the profile of the customer what he says of himself; an id that is too long names nobody', () => {
    const customer = 'org/7'
    story
      .task('reply', says('好的。', { profile: 'p1' }))
      .when('message.received', { role: 'user', text: '叫我李伟', customer }, { id: 'm-1' })
      .thenTask('reply', { customer })
      .thenSent('profile', 'p1', 'customer.told', { customer, text: '叫我李伟', message: 'm-1' })
    const { context } = heard(newChat, { id: 'm-1', at: '', data: { role: 'user', text: 'Hi', customer: 'x'.repeat(257) } })
    expect(context).not.toHaveProperty('customer')
  })

  test('answers one message after the other, and says of one too many that it was not read', () => {
    const waiting = ['a', 'b', 'c'].reduce(
      (from, id) => from.when('message.received', { role: 'user', text: `message ${id}` }, { id }),
      story,
    )
    const full = waiting.when('message.received', { role: 'user', text: 'message d' }, { id: 'd' })
    full.thenEmitted('message.sent', { replyTo: 'd', text: chatSentence('full', 'en') })
    full.taskEnds('reply', says('A.')).thenEmitted('message.sent', { replyTo: 'a' }).thenTask('reply', { id: 'b' })
  })

  test('quotes in place of a model that is late, and has its place free for the next message', () => {
    const late = story.task('reply', never).when('message.received', { role: 'user', text: 'Where do I live?' }, { id: 'm-1' })
    late
      .after('29s')
      .thenState('talk.answering.replying')
      .task('reply', says('You said: Oslo.', { made: 'memory', reasons: ['reply_budget'] }))
      .after('1s')
      .thenTask('reply', { id: 'm-1', isLate: true })
      .thenEmitted('message.sent', { text: 'You said: Oslo.', replyTo: 'm-1' })
      .thenState('talk.listening')
  })

  test('says that something went wrong where the task fails', () => {
    story
      .task('reply', fails('deadline'))
      .when('message.received', { role: 'user', text: '你好，帮我看看这个问题' })
      .thenEmitted('message.sent', { lang: 'zh' })
      .thenState('talk.listening')
  })

  test('gives a message up, and goes on with the next', () => {
    story
      .when('message.received', { role: 'user', text: 'one' }, { id: 'a' })
      .when('message.received', { role: 'user', text: 'two' }, { id: 'b' })
      .when('reply.cancel', { message: 'a' })
      .thenTask('reply', { id: 'b' })
      .thenNotEmitted('message.sent')
  })

  test('sums up the turns when there are enough of them', () => {
    let talk = story.task('reply', says('Yes.')).task('summarize', SUMMARY)
    for (let count = 0; count < CHAT_LIMITS.turnsToSummarize / 2; count++)
      talk = talk.when('message.received', { role: 'user', text: `it is ${count}` })
    talk
      .thenTask('summarize', { summary: '', lang: 'en' })
      .thenEmitted('memory.summarized', { ...SUMMARY, turns: CHAT_LIMITS.turnsToSummarize })
      .thenContext({ summary: SUMMARY.summary, facts: SUMMARY.facts, unsummarized: 0 })
      .when('message.received', { role: 'user', text: 'and now?' })
      .thenTask('reply', { summary: SUMMARY.summary, facts: SUMMARY.facts })
  })
})

describe('a tool', () => {
  test('is called, and its result goes to the model', () => {
    story
      .task('reply', inTurn(calls(WEATHER), says('It is 4 degrees.')))
      .task('tool', { result: '{"degrees":4}', isCut: false })
      .when('message.received', { role: 'user', text: 'How is the weather in Oslo?' })
      .thenTask('tool', { name: 'weather', args: { city: 'Oslo' }, call: '1-1' })
      .thenEmitted('tool.called', { call: '1-1', name: 'weather', args: { city: 'Oslo' } })
      .thenEmitted('tool.answered', { call: '1-1', result: '{"degrees":4}' })
      .thenTask('reply', { calls: [{ call: '1-1', ...WEATHER, result: '{"degrees":4}' }] })
      .thenEmitted('message.sent', { text: 'It is 4 degrees.' })
      .thenContext({ calls: [] })
  })

  const proposed = story
    .task('reply', inTurn(calls(REFUND), says('Done.')))
    .task('tool', { result: '{"receipt":"r"}', isCut: false })
    .when('message.received', { role: 'user', text: 'I want my money back.' })

  test('that wants a person waits for approval', () => {
    proposed
      .thenState('talk.answering.approving')
      .thenEmitted('tool.proposed', { call: '1-1', args: { cents: 500 } })
      .thenNotEmitted('tool.called')
    proposed.when('tool.approved', { call: '9-9' }).thenState('talk.answering.approving')
    proposed.when('tool.approved', { call: '1-1', by: 'ann' }).thenEmitted('tool.called').thenEmitted('message.sent', { text: 'Done.' })
  })

  test('that is refused, or that nobody approves, is not called', () => {
    proposed
      .when('tool.refused', { call: '1-1', by: 'ann', reason: 'too much' })
      .thenEmitted('tool.failed', { code: 'refused', problem: 'a person refused it: too much' })
      .thenEmitted('message.sent', { text: 'Done.' })
      .thenNotEmitted('tool.called')
    proposed.after('15m').thenEmitted('tool.failed', { code: 'no_approval' }).thenEmitted('message.sent', { text: 'Done.' })
  })

  test('that fails, and one with wrong arguments, are told to the model', () => {
    story
      .task('reply', inTurn(calls({ ...WEATHER, args: {}, problem: 'args.city is required' }), calls(WEATHER), says('I cannot.')))
      .task('tool', fails('deadline', 'weather gave no result'))
      .when('message.received', { role: 'user', text: 'How is the weather?' })
      .thenEmitted('tool.failed', { call: '1-1', code: 'bad_arguments', problem: 'args.city is required' })
      .thenEmitted('tool.failed', { call: '1-2', code: 'deadline' })
      .thenEmitted('message.sent', { text: 'I cannot.' })
  })

  test('is called at most eight times for one message', () => {
    const endless = story
      .task('reply', ({ calls: made }) => (made.length < 8 ? calls(WEATHER) : says('Enough.')))
      .task('tool', { result: '1', isCut: false })
      .when('message.received', { role: 'user', text: 'Again and again?' })
      .thenEmitted('message.sent', { text: 'Enough.' })
    expect(endless.records.flatMap(({ emitted }) => emitted).filter(({ type }) => type === 'tool.called')).toHaveLength(8)
    story
      .task('reply', inTurn(calls(...Array.from({ length: 12 }, () => WEATHER)), says('Enough.')))
      .task('tool', { result: '1', isCut: false })
      .when('message.received', { role: 'user', text: 'All at once?' })
      .thenTask('reply', { calls: Array.from({ length: 8 }, (_, index) => ({ call: `1-${index + 1}`, ...WEATHER, result: '1' })) })
  })
})

describe('a form', () => {
  const asked = story.task('reply', says('Thank you.')).when('form.wanted', { form: 'delivery' })
  const VALUES = { city: '奥斯陆', floor: 3, when: 'morning' }

  test('is asked for with its fields', () => {
    const fields: Field[] = [
      { name: 'city', title: 'City 城市', type: 'text', required: true, min: 2 },
      { name: 'floor', title: 'floor', type: 'number', required: true, min: 0, max: 99 },
      { name: 'lift', title: 'lift', type: 'boolean', required: false },
      { name: 'when', title: 'when', type: 'choice', required: true, choices: ['morning', 'evening'] },
    ]
    asked.thenEmitted('form.asked', { id: 'f-1', name: 'delivery', fields }).thenEmitted('message.sent', { form: { id: 'f-1' } })
    story.when('form.wanted', { form: 'nope' }).thenRejected('bad_data')
    story
      .task('reply', says('Where to?', { form: 'delivery' }))
      .when('message.received', { role: 'user', text: 'I want to order something.' })
      .thenEmitted('form.asked', { id: 'f-1', fields })
      .thenEmitted('message.sent', { text: 'Where to?', form: { id: 'f-1' } })
  })

  test('with wrong values is asked for again, with every wrong field', () => {
    const wrong = asked.when('form.submitted', { id: 'f-1', values: { city: 'X', floor: 'third', when: 'morning' } })
    wrong.thenEmitted('form.asked', { id: 'f-1' }).thenNotEmitted('form.completed')
    const again = wrong.records.at(-1)?.emitted.find(({ type }) => type === 'form.asked')
    expect(again?.data).toMatchObject({ problems: [{ field: 'city' }, { field: 'floor' }] })
    wrong.when('form.submitted', { id: 'f-1', values: VALUES }).thenEmitted('form.completed', { values: VALUES })
  })

  test('that is answered twice is taken once', () => {
    const once = asked.when('form.submitted', { id: 'f-1', values: VALUES })
    once.thenEmitted('form.completed', { id: 'f-1', name: 'delivery', values: VALUES }).thenEmitted('message.sent', { text: 'Thank you.' })
    once.when('form.submitted', { id: 'f-1', values: { ...VALUES, floor: 4 } }).thenNothing()
  })
})

test('a button is pressed once', () => {
  const offered = story
    .task('reply', inTurn(says('Which?', { choices: ['红色', 'Blue'] }), says('Blue it is.')))
    .when('message.received', { role: 'user', text: 'I want a bike.' })
    .thenEmitted('message.sent', {
      buttons: [
        { id: 'b-1-1', label: '红色' },
        { id: 'b-1-2', label: 'Blue' },
      ],
    })
  offered.when('button.pressed', { id: 'b-9-9' }).thenNothing()
  const pressed = offered
    .when('button.pressed', { id: 'b-1-2' })
    .thenTask('reply', { text: 'Blue' })
    .thenEmitted('message.sent', { text: 'Blue it is.' })
  pressed.when('button.pressed', { id: 'b-1-1' }).thenNothing()
})

describe('the state', () => {
  const stateBytes = (of: { readonly records: readonly { readonly state: unknown }[] }): number =>
    Buffer.byteLength(JSON.stringify(of.records.at(-1)?.state))
  const LONG = '"长\\'.repeat(4_000)
  const LARGE = { result: LONG.slice(0, 2_000), isCut: true }

  test('is within 64 KiB where all that it holds is as long as it may be', () => {
    const args = { city: '长'.repeat(350) }
    let talk = story
      .task('summarize', {
        ...SUMMARY,
        summary: '"'.repeat(CHAT_LIMITS.summaryCharsMax),
        facts: Array.from({ length: 16 }, () => '长'.repeat(150)),
      })
      .task('reply', says(LONG.slice(0, 4_000)))
    for (let count = 0; count < 8; count++)
      talk = talk.when('message.received', { role: 'user', text: `${LONG} is mine` }, { id: 'i'.repeat(200) + count })
    talk = talk
      .task('reply', calls(...Array.from({ length: 8 }, () => ({ ...WEATHER, args }))))
      .task('tool', inTurn(LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, never))
    for (let count = 0; count < 4; count++)
      talk = talk.when('message.received', { role: 'user', text: LONG }, { id: 'j'.repeat(200) + count })
    talk.thenState('talk.answering.calling')
    expect(stateBytes(talk)).toBeLessThan(LIMITS.stateBytesMax)
    expect(talk.records.every(({ outcome }) => outcome === 'committed')).toBe(true)
  })

  test('does not grow over 5,000 messages', () => {
    const formOf = (name: string) => ({ name, title: name, fields: [] })
    let context = newChat
    let most = 0
    for (let count = 1; count <= 5_000; count++) {
      const at = new Date(count * 1_000).toISOString()
      const text = `Message ${count}. ${'我在说话。'.repeat(300)}`
      context = heard(context, { id: `m-${count}`, at, data: { role: 'user', text } }).context
      context = replied(context, says('记下了。'.repeat(300)), at, formOf).context
      // Summaries may fail for a while: the window is bounded without them.
      if (count % 50 === 0) context = remembered(context, { ...SUMMARY, summary: '长'.repeat(1_500) }).context
      most = Math.max(most, Buffer.byteLength(JSON.stringify(context)))
    }
    expect(context.heard).toBe(5_000)
    expect(chatContext.safeParse(context).success).toBe(true)
    expect(most).toBeLessThan(LIMITS.stateBytesMax / 2)
  })
})

describe('createChat', () => {
  const task = defineTask({
    input: z.object({}),
    output: z.null(),
    deadlineMs: 1,
    attemptsMax: 1,
    concurrencyMax: 1,
    run: async () => null,
  })
  test.each([
    ['a name that no model can write', { tools: { 'a b': { task, description: 'x' } } }],
    ['a name of its own', { tools: { ask_form: { task, description: 'x' } } }],
    ['no description', { tools: { a: { task, description: ' ' } } }],
    ['an input that is no object', { tools: { a: { task: { ...task, input: z.string() }, description: 'x' } } }],
    ['an input that no model can be shown', { tools: { a: { task: { ...task, input: z.object({ at: z.date() }) }, description: 'x' } } }],
    ['a form with a field that cannot be shown', { forms: { a: { title: 'A', schema: z.object({ b: z.object({}) }) } } }],
    ['a form without fields', { forms: { a: { title: 'A', schema: z.object({}) } } }],
  ])('refuses a tool or form with %s', (_, options) => {
    expect(() => createChat(options)).toThrow(expect.objectContaining({ code: 'bad_kind' }) as Error)
  })
})

test('no walk through the machine finds a fault', () => {
  const { unreached } = explore(toolChat, {
    runs: 60,
    movesMax: 80,
    tasks: {
      reply: [says('Yes.'), calls(WEATHER), calls(REFUND), says('Form.', { form: 'delivery' }), says('Which?', { choices: ['a'] })],
      tool: [{ result: '1', isCut: false }],
      summarize: [SUMMARY],
    },
  })
  expect(unreached).toEqual([])
})
