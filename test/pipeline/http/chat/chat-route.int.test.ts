import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChatSystem, startChatSystem } from '../../../support/chat-system.ts'
import { createHeldTalk } from '../../../support/talking-kind.ts'

let chat: ChatSystem
const { talk, hold, release } = createHeldTalk()

const conversation = (): string => `c${randomUUID()}`
const send = (id: string, body: object, query = 'kind=talking') => chat.post(`/v1/chat/acme/${id}?${query}`, body)

beforeAll(async () => {
  chat = await startChatSystem(talk)
})
afterAll(async () => {
  release()
  await chat.stop()
})

describe('a message by chat', () => {
  test('is answered with the reply to it', async () => {
    const id = conversation()
    const { status, body } = await send(id, { text: '寄到挪威要多久？', id: 'm-1', lang: 'zh' })
    expect(status).toBe(200)
    expect(body).toEqual({
      conversation: { tenant: 'acme', kind: 'talking', id },
      id: 'm-1',
      position: expect.any(Number) as number,
      reply: {
        id: expect.stringMatching(/-e1$/) as string,
        role: 'assistant',
        text: 're: 寄到挪威要多久？',
        replyTo: 'm-1',
        tokensIn: 11,
        tokensOut: 5,
        sources: [{ source: 'shipping.md' }],
      },
    })
    const { body: actor } = await chat.get(`/v1/actors/acme/talking/${id}`)
    expect(actor).toMatchObject({ n: 2, context: { waiting: [] } })
  })

  test('that is repeated under its id gets the recorded reply, and has no second effect', async () => {
    const id = conversation()
    const first = await send(id, { text: 'hello', id: 'm-1' })
    await send(id, { text: 'more', id: 'm-2' })
    const again = await send(id, { text: 'hello', id: 'm-1' })
    expect(again.body['reply']).toEqual(first.body['reply'])
    expect((await chat.get(`/v1/actors/acme/talking/${id}`)).body).toMatchObject({ n: 4 })
  })

  test('gets its own reply while others wait', async () => {
    hold()
    const id = conversation()
    const first = send(id, { text: 'slow one', id: 'm-1' })
    await expect.poll(async () => (await chat.get(`/v1/actors/acme/talking/${id}`)).body['n']).toBe(1)
    const second = send(id, { text: 'the next', id: 'm-2' })
    await expect.poll(async () => (await chat.get(`/v1/actors/acme/talking/${id}`)).body['n']).toBe(2)
    release()
    expect((await first).body['reply']).toMatchObject({ text: 're: slow one', replyTo: 'm-1' })
    expect((await second).body['reply']).toMatchObject({ text: 're: the next', replyTo: 'm-2' })
  })

  test('that gets several messages in reply lists them', async () => {
    const { body } = await send(conversation(), { text: '说两次' })
    expect(body['reply']).toMatchObject({ text: '第一' })
    expect(body['messages']).toMatchObject([{ text: '第一' }, { text: '第二' }])
  })

  test('without a reply in time gets 202 with places to read on, and asking again gets the reply', async () => {
    hold()
    const id = conversation()
    const late = await send(id, { text: 'slow', id: 'm-1' }, 'kind=talking&timeoutMs=300')
    expect(late.status).toBe(202)
    expect(late.body).toEqual({
      conversation: { tenant: 'acme', kind: 'talking', id },
      id: 'm-1',
      position: expect.any(Number) as number,
      read: { events: `/v1/out/acme/talking/${id}`, actor: `/v1/actors/acme/talking/${id}` },
    })
    release()
    expect((await send(id, { text: 'slow', id: 'm-1' })).body['reply']).toMatchObject({ text: 're: slow' })
  })

  test('is answered by a person who takes the conversation over', async () => {
    const id = conversation()
    const waiting = send(id, { text: 'silence, please', id: 'm-1' })
    await expect.poll(async () => (await chat.get(`/v1/actors/acme/talking/${id}`)).body['n']).toBe(2)
    await chat.post(`/v1/in/acme/talking/${id}`, { type: 'message.received', id: 'desk-1', data: { role: 'agent', text: '我来帮您。' } })
    expect((await waiting).body['reply']).toEqual({ id: 'desk-1', role: 'agent', text: '我来帮您。' })
  })

  test('that its actor rejects gets 422 with the reason', async () => {
    const { status, body } = await chat.post(`/v1/chat/acme/${conversation()}?kind=quoting`, { id: 'm-1', text: 'x', answer: { text: 7 } })
    expect([status, body['code'], body['reason'], body['id']]).toEqual([422, 'rejected', 'bad_data', 'm-1'])
    expect(body['error']).toContain('answer.text')
  })

  test('takes its id from Idempotency-Key', async () => {
    const { body } = await chat.post(`/v1/chat/acme/${conversation()}?kind=talking`, { text: 'a' }, { 'idempotency-key': 'key-1' })
    expect(body['id']).toBe('key-1')
  })

  test('reaches support where it names no kind and the tenant has no routes', async () => {
    const { body } = await chat.post(`/v1/chat/acme/${conversation()}`, { text: 'hello' })
    expect(body['conversation']).toMatchObject({ kind: 'support' })
  })
})

describe('an invalid chat gets', () => {
  test.each([
    ['/v1/chat/a.b/c1', { text: 'a' }, 400, 'bad_subject'],
    ['/v1/chat/acme/c%201', { text: 'a' }, 400, 'bad_subject'],
    ['/v1/chat/colloquy/c1', { text: 'a' }, 400, 'bad_subject'],
    ['/v1/chat/acme/c1', {}, 400, 'bad_query'],
    ['/v1/chat/acme/c1', { text: 'a', role: 'agent' }, 400, 'bad_query'],
    ['/v1/chat/acme/c1', { text: 'a', id: 'seq:1' }, 400, 'bad_query'],
    ['/v1/chat/acme/c1?timeoutMs=0', { text: 'a' }, 400, 'bad_query'],
    ['/v1/chat/acme/c1', { text: 'a', timeoutMs: 5 }, 400, 'bad_query'],
    ['/v1/chat/acme/c1', { text: 'a', kind: 'chat' }, 400, 'bad_query'],
    ['/v1/chat/acme/c1?timeout=5', { text: 'a' }, 400, 'bad_query'],
    ['/v1/chat/acme/c1?kind=nobody', { text: 'a' }, 404, 'unknown_model'],
    // It sends no messages.
    ['/v1/chat/acme/c1?kind=toy', { text: 'a' }, 404, 'unknown_model'],
    ['/v1/chat/acme/c1', 'not json', 400, 'bad_query'],
  ])('%s %j: %i %s', async (path, body, status, code) => {
    const answer = await chat.post(path, body)
    expect([answer.status, answer.body['code']]).toEqual([status, code])
  })
})
