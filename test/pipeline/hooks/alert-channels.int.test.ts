import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Notification } from '../../../actors/kinds/trigger/channels.ts'
import { createAlertChannels } from '../../../pipeline/hooks/alert-channels.ts'
import { signatureOf } from '../../../pipeline/hooks/signed-post.ts'
import { codeOf, TerminalError } from '../../../schemas/errors.ts'
import { type HookReceiver, startHookReceiver } from '../../support/hook-receiver.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})
async function receiver(): Promise<HookReceiver> {
  const started = await startHookReceiver()
  stops.push(started.stop)
  return started
}

const KEY = Buffer.from('a key of this test')
const CALL = { key: 'run-1', signal: new AbortController().signal, signingKey: async () => KEY }
const own = { hosts: ['127.0.0.1'] }
const alert = {
  alert: 'hot-1',
  series: 'pump',
  priority: 'high',
  title: 'Hot',
  when: 'value > 1.0',
  value: 2,
  since: '2026-01-01T00:00:00Z',
} as const
const notification = (channel: Notification['channel'], to: string, more: Partial<Notification> = {}): Notification => ({
  id: 'hot-1-raised',
  channel,
  to,
  about: 'raised',
  text: '告警：泵过热',
  alert,
  ...more,
})

describe('the channel hook', () => {
  test('signs what it sends with the key of its actor', async () => {
    const { url, calls } = await receiver()
    await createAlertChannels(own).hook(notification('hook', url), CALL)
    expect(calls).toHaveLength(1)
    expect(calls[0]?.event).toEqual({ type: 'alert.raised', text: '告警：泵过热', data: alert })
    const { id = '', timestamp = '', body = '', signature } = calls[0] ?? {}
    expect([id, signature]).toEqual(['run-1', signatureOf(KEY, id, timestamp, body)])
  })

  test('to a private address is refused for good, and nothing is sent', async () => {
    const { url, calls } = await receiver()
    const { hook, chat } = createAlertChannels({})
    for (const call of [hook(notification('hook', url), CALL), chat(notification('chat', url), CALL)]) {
      const error: unknown = await call.catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(TerminalError)
      expect(error).toMatchObject({ code: 'hook_address_refused' })
    }
    expect(calls).toEqual([])
  })

  test('that hangs is given up, and a redirect or an error is a failure', async () => {
    const server = await receiver()
    server.answer = () => undefined
    const { hook, chat } = createAlertChannels({ ...own, timeoutMs: 300 })
    const error: unknown = await hook(notification('hook', server.url), CALL).catch((cause: unknown) => cause)
    expect(codeOf(error)).toBe('timeout')
    const { hook: patient } = createAlertChannels(own)
    for (const status of [307, 404, 500]) {
      server.answer = () => status
      await expect(patient(notification('hook', server.url), CALL)).rejects.toMatchObject({ code: 'hook_failed' })
      await expect(chat(notification('chat', server.url), CALL)).rejects.toThrow()
    }
  })
})

test.each([
  ['slack', { text: '告警：泵过热' }],
  ['feishu', { msg_type: 'text', content: { text: '告警：泵过热' } }],
  ['dingtalk', { msgtype: 'text', text: { content: '告警：泵过热' } }],
] as const)('the channel chat speaks to %s', async (format, body) => {
  const { url, calls } = await receiver()
  await createAlertChannels(own).chat(notification('chat', url, { format }), CALL)
  expect(calls[0]?.event).toEqual(body)
})

test('the channel mail goes over SMTP, and says what is missing', async () => {
  const { port, mails } = await smtpServer()
  const channels = createAlertChannels({ smtpUrl: `smtp://127.0.0.1:${port}`, mailFrom: 'colloquy@example.com' })
  await channels.mail(notification('mail', 'ann@example.com', { text: 'Alert (high): hot' }), CALL)
  expect(mails.join('')).toContain('Subject: Alert (high): hot')
  expect(mails.join('')).toContain('Message-ID: <run-1@colloquy>')
  await expect(createAlertChannels({}).mail(notification('mail', 'ann@example.com'), CALL)).rejects.toMatchObject({ code: 'mail_unset' })
})

/** As much of SMTP as a client needs to hand over a mail. */
async function smtpServer(): Promise<{ port: number; mails: string[] }> {
  const mails: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let isData = false
    socket.write('220 test\r\n')
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      const text = chunk.toString()
      if (isData) {
        mails.push(text)
        if (!mails.join('').endsWith('\r\n.\r\n')) return
        isData = false
        socket.write('250 taken\r\n')
      } else if (/^DATA/i.test(text)) {
        isData = true
        socket.write('354 go on\r\n')
      } else socket.write(/^QUIT/i.test(text) ? '221 bye\r\n' : '250 fine\r\n')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, mails }
}
