import { describe, expect, test } from 'vitest'
import type { KnownCustomer } from '../../../../actors/definition/task-customers.ts'
import type { TaskCall } from '../../../../actors/definition/task-definition.ts'
import { generates } from '../../../../actors/testkit/generation-stub.ts'
import { createSupportHarness, support } from '../../../support/support-harness.ts'

const knows =
  (facts: KnownCustomer['facts'], profile: string | null = 'p-1'): TaskCall<unknown>['customer'] =>
  async () => ({ profile, facts })
const NOBODY = knows([])
const LI = knows([{ about: 'name', value: 'Li' }])

/** A case whose messages name the customer. */
function caseOf(customer: TaskCall<unknown>['customer'], more: Parameters<typeof createSupportHarness>[1] = {}) {
  const harness = createSupportHarness(support, { customer, ...more })
  const ask = async (text: string): Promise<string> => {
    const before = harness.emitted.length
    harness.event('message.received', { role: 'user', text, customer: 'k-7' })
    while (Object.keys(harness.actor.state?.tasks ?? {}).length > 0) await harness.work()
    const reply = harness.emitted.slice(before).find(({ type }) => type === 'message.sent')
    return String(reply?.data['text'])
  }
  const told = () => harness.records.flatMap(({ sent = [] }) => sent).filter(({ kind }) => kind === 'profile')
  return { harness, ask, told }
}

describe('a case of a customer who is named', () => {
  test('greets by name, in its first message, too', async () => {
    const { ask } = caseOf(LI)
    expect(await ask('Hello')).toContain('Hello Li!')
    expect(await ask('hi')).toContain('Hello Li!')
    expect(await caseOf(NOBODY).ask('Hello')).toContain('Hello! I am')
  })

  test('tells the profile what the message says, and heeds it at once', async () => {
    const { ask, told } = caseOf(LI)
    expect(await ask('以后叫我小李')).toBe('好的，小李，我记住了。')
    expect(told()).toMatchObject([{ actor: 'p-1', type: 'customer.told', data: { customer: 'k-7', text: '以后叫我小李' } }])
    expect(await ask('你好')).toContain('小李，您好！')
    expect(told()).toHaveLength(1)
  })

  test('answers in the language that was asked for', async () => {
    const chinese = caseOf(knows([{ about: 'language', value: 'zh' }]))
    expect(await chinese.ask('Hello')).toContain('您好')
    const asks = caseOf(NOBODY)
    expect(await asks.ask('Could you speak Chinese with me?')).toMatch(/\p{Script=Han}/u)
    expect(await asks.ask('Thanks a lot')).toMatch(/不客气/)
  })

  test('says that it no longer keeps what is withdrawn', async () => {
    const { ask } = caseOf(LI)
    expect(await ask("Don't call me that")).toBe('All right, I no longer keep that in mind.')
    expect(await ask('Hello')).toContain('Hello! I am')
  })

  test.each([
    ['我不是素食者', '吃素', '好的，我不再记着这一点。'],
    ['我不是素食者', '清真', '好的，我这里没有记过这一点。'],
    ["I'm not vegetarian", '吃素', 'All right, I no longer keep that in mind.'],
    ["I'm not vegetarian", 'halal', 'All right. I had nothing like that in mind.'],
  ])('says of "%s" after %s only what it did', async (text, diet, reply) => {
    expect(await caseOf(knows([{ about: 'diet', value: diet }])).ask(text)).toBe(reply)
  })

  test.each([
    ['Please answer in French', 'English and Chinese'],
    ['请用法语回答我', '中文和英文'],
  ])('says which languages are spoken: %s', async (text, languages) => {
    expect(await caseOf(NOBODY).ask(text)).toContain(languages)
  })

  test.each([
    ['Please answer in Chinese', 'How long does shipping to Norway take?', '其他语言'],
    ['Please answer in English', '寄到挪威要多久？', 'another language'],
  ])('after "%s", an answer in another language is better than none', async (wish, question, note) => {
    const { ask } = caseOf(NOBODY)
    await ask(wish)
    const text = await ask(question)
    expect(text).toContain(note)
    expect(text).toContain((await caseOf(NOBODY).ask(question)).slice(0, 24))
  })

  test.each([
    ['What is my name?', 'Wants to be called: Li'],
    ['Do you know my name?', 'Wants to be called: Li'],
    ['What do you know about me?', 'Wants to be called: Li\n• Is allergic to: nuts'],
    ['What am I allergic to?', 'Is allergic to: nuts'],
    ['Where do I live?', 'You have not told me that yet.'],
    ['我叫什么名字？', '希望被称呼为：Li'],
    ['你知道我是谁吗？', '希望被称呼为：Li'],
    ['你们都知道我的什么信息？', '过敏：nuts'],
    ['你對我了解多少？', '过敏：nuts'],
    ['我对什么过敏？', '过敏：nuts'],
    ['我住在哪里？', '您还没有告诉过我'],
  ])('tells a customer what is known of himself: %s', async (question, told) => {
    const { ask } = caseOf(
      knows([
        { about: 'name', value: 'Li' },
        { about: 'allergy', value: 'nuts' },
      ]),
    )
    expect(await ask(question)).toContain(told)
    expect(await caseOf(knows([], null)).ask(question)).not.toContain('told')
  })

  test('promises nothing where no profile keeps it', async () => {
    const { ask, told } = caseOf(knows([], null))
    expect(await ask('Please call me Li')).not.toContain('remember')
    expect(told()).toEqual([])
  })

  test('a question with a statement in it is answered, and the statement kept', async () => {
    const { ask, told } = caseOf(NOBODY)
    expect(await ask('I live in Oslo. How long does shipping to Norway take?')).not.toContain('remember')
    expect(told()).toHaveLength(1)
  })

  test('the model is told what is known, and the answer is not shared', async () => {
    const generation = generates('It takes 5 to 7 working days. [1]')
    const { ask, harness } = caseOf(knows([{ about: 'diet', value: 'vegetarian' }]), { generation })
    await ask('How long does shipping to Norway take?')
    expect(generation.asked[0]?.messages.at(-1)?.content).toContain('| Diet: vegetarian')
    const answer = harness.records.flatMap(({ started }) => started).find(({ task }) => task === 'answer')
    expect(answer?.input).toMatchObject({ knows: ['Diet: vegetarian'] })
    expect(answer?.input).not.toHaveProperty('shareable')
  })

  test('a greeting is replied to, also where its lookup fails', async () => {
    const { harness } = caseOf(LI)
    harness.event('message.received', { role: 'user', text: 'Hello', customer: 'k-7' })
    harness.fail()
    expect(harness.emitted.at(-1)?.data['text']).toContain('Hello! I am')
  })

  test('what is said to a person is kept, too', async () => {
    const { ask, harness, told } = caseOf(NOBODY)
    await ask('Where is my order?')
    await ask('agent')
    expect(harness.state).toMatch(/^escalated/)
    harness.event('message.received', { role: 'user', text: 'My name is Kate', customer: 'k-7' })
    expect(told()).toHaveLength(1)
  })

  test('another customer in the same conversation is a stranger again', async () => {
    const { ask, harness } = caseOf(LI)
    await ask('Hello')
    harness.event('message.received', { role: 'user', text: 'Hello', customer: 'k-8' })
    expect(harness.pendingTask.input).toMatchObject({ customer: 'k-8' })
  })
})

test('a case without a customer asks for no profile', async () => {
  const harness = createSupportHarness(support, { customer: LI })
  expect((await harness.ask('Hello'))[0]?.data['text']).toContain('Hello! I am')
  harness.user('How long does shipping to Norway take?')
  expect(harness.pendingTask.input).not.toHaveProperty('customer')
})
