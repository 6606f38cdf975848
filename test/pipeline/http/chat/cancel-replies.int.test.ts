import { randomUUID } from 'node:crypto'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type ChatSystem, startChatSystem } from '../../../support/chat-system.ts'
import { createHeldTalk } from '../../../support/talking-kind.ts'

let chat: ChatSystem
let openai: OpenAI
const { talk, hold, release, abandoned } = createHeldTalk()

beforeAll(async () => {
  chat = await startChatSystem(talk)
  openai = new OpenAI({ baseURL: `${chat.url}/v1`, apiKey: 'none', maxRetries: 0 })
})
afterEach(release)
afterAll(async () => {
  release()
  await chat.stop()
})

const conversation = (): string => `c${randomUUID()}`
const actorOf = async (id: string, kind = 'talking') => (await chat.get(`/v1/actors/acme/${kind}/${id}`)).body
const waitingIn = async (id: string) =>
  ((await actorOf(id))['context'] as { waiting?: { id: string }[] } | undefined)?.waiting?.map((one) => one.id)

/** Sends a message by chat, and leaves when told. */
function send(id: string, text: string, messageId: string, query = '') {
  const leaving = new AbortController()
  const answer = fetch(`${chat.url}/v1/chat/acme/${id}?kind=talking${query}`, {
    method: 'POST',
    body: JSON.stringify({ text, id: messageId }),
    headers: { 'content-type': 'application/json' },
    signal: leaving.signal,
  })
  const left = answer.then(
    () => false,
    () => true,
  )
  return {
    answer,
    async leave() {
      leaving.abort()
      expect(await left).toBe(true)
    },
  }
}

test('a client that leaves before the reply stops the work on it, and the next message has its turn', async () => {
  hold()
  const id = conversation()
  const first = send(id, `slow ${id}`, 'm-1')
  await expect.poll(() => waitingIn(id)).toEqual(['m-1'])
  const second = send(id, 'next', 'm-2')
  await expect.poll(() => waitingIn(id)).toEqual(['m-1', 'm-2'])
  await first.leave()
  expect(await (await second.answer).json()).toMatchObject({ reply: { text: 're: next', replyTo: 'm-2' } })
  expect(abandoned).toContain(`slow ${id}`)
})

test.each([true, false])('so does a client of completions, streaming: %s', async (stream) => {
  hold()
  const id = conversation()
  const leaving = new AbortController()
  const request = { model: 'acme/talking', messages: [{ role: 'user' as const, content: `slow ${id}` }], stream }
  const asked = openai.chat.completions.create(request, { headers: { 'x-conversation-id': id }, signal: leaving.signal })
  const over = asked.then(async (answer) => {
    if (Symbol.asyncIterator in answer) for await (const _ of answer);
  })
  const left = over.catch(() => undefined)
  await expect.poll(async () => (await waitingIn(id))?.length).toBe(1)
  leaving.abort()
  await left
  await expect.poll(() => waitingIn(id)).toEqual([])
  expect(abandoned).toContain(`slow ${id}`)
})

test('while another client waits for the same reply, the work goes on', async () => {
  hold()
  const id = conversation()
  const first = send(id, `slow ${id}`, 'm-1')
  await expect.poll(() => waitingIn(id)).toEqual(['m-1'])
  const again = send(id, `slow ${id}`, 'm-1')
  // Its message is decided, as one that the actor has had.
  await send(id, 'later', 'm-2', '&timeoutMs=1000').answer
  await first.leave()
  release()
  expect(await (await again.answer).json()).toMatchObject({ reply: { text: `re: slow ${id}` } })
  expect(abandoned).not.toContain(`slow ${id}`)
})

test('a reply that does not come in time is not given up', async () => {
  hold()
  const id = conversation()
  expect((await send(id, `slow ${id}`, 'm-1', '&timeoutMs=200').answer).status).toBe(202)
  expect(await waitingIn(id)).toEqual(['m-1'])
  release()
  await expect.poll(() => waitingIn(id)).toEqual([])
  expect(abandoned).not.toContain(`slow ${id}`)
})
