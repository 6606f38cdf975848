import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Notification } from '../../../actors/kinds/trigger/channels.ts'
import { createAlertChannels } from '../../../pipeline/hooks/alert-channels.ts'
import { createGuardedPost } from '../../../pipeline/hooks/guarded-post.ts'
import { isSigned, SIGNATURE_AGE_S_MAX, signedHeaders } from '../../../pipeline/hooks/hook-signature.ts'
import { isPublicAddress } from '../../../pipeline/hooks/public-address.ts'
import { type HookReceiver, startHookReceiver } from '../../support/hook-receiver.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** A receiver of hooks that stops with the test. */
async function receiver(answer?: Parameters<typeof startHookReceiver>[0]): Promise<HookReceiver> {
  const started = await startHookReceiver(answer)
  stops.push(started.stop)
  return started
}

const own = { hosts: ['127.0.0.1', 'localhost'] }
const never = new AbortController().signal
const post = (url: string, options: Parameters<typeof createGuardedPost>[0] = own): Promise<void> =>
  createGuardedPost(options)(url, '{}', {}, never)

describe('an address', () => {
  test.each(['8.8.8.8', '1.1.1.1', '2606:4700::1111'])('%s is public', (address) => expect(isPublicAddress(address)).toBe(true))
  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'no address',
  ])('%s is not', (address) => expect(isPublicAddress(address)).toBe(false))
})

describe('a hook', () => {
  test.each(['http://127.0.0.1', 'http://localhost', 'http://[::1]', 'http://0x7f.1', 'http://2130706433', 'http://[::ffff:127.0.0.1]'])(
    'to %s is refused, and nothing is sent',
    async (host) => {
      const { port, calls } = await receiver()
      await expect(post(`${host}:${port}/`, {})).rejects.toMatchObject({ code: 'private_address' })
      expect(calls).toEqual([])
    },
  )

  test('is refused after a redirect to a private address', async () => {
    const inner = await receiver()
    const outer = await receiver((_, response) => response.writeHead(307, { location: `http://127.0.0.1:${inner.port}/secret` }).end())
    await expect(post(`http://localhost:${outer.port}/`, { hosts: ['localhost'] })).rejects.toMatchObject({ code: 'private_address' })
    expect([outer.calls.length, inner.calls.length]).toEqual([1, 0])
  })

  test('follows 307 and 308 with its body, and no redirect without end', async () => {
    const end = await receiver()
    const way = await receiver((_, response) => response.writeHead(308, { location: `${end.url}/end` }).end())
    await post(way.url)
    expect(end.calls).toMatchObject([{ path: '/end', body: '{}' }])
    const loop = await receiver((_, response) => response.writeHead(307, { location: '/again' }).end())
    await expect(post(loop.url)).rejects.toMatchObject({ code: 'hook_redirected' })
    const see = await receiver((_, response) => response.writeHead(302, { location: end.url }).end())
    await expect(post(see.url)).rejects.toMatchObject({ code: 'hook_redirected' })
  })

  test('that hangs is given up', async () => {
    const { url, calls } = await receiver(() => undefined)
    await expect(post(url, { ...own, timeoutMs: 300 })).rejects.toMatchObject({ code: 'hook_timeout' })
    expect(calls).toHaveLength(1)
  })

  test.each([
    [404, 'hook_refused'],
    [429, 'hook_busy'],
    [503, 'hook_busy'],
    [500, 'hook_failed'],
  ])('answered with %i fails as %s', async (status, code) => {
    const { url } = await receiver((_, response) => response.writeHead(status, { 'retry-after': '7' }).end('x'))
    const retry = code === 'hook_busy' ? { retryAfterMs: 7_000 } : {}
    await expect(post(url)).rejects.toMatchObject({ code, ...retry })
  })
})

test('a signature holds for its body, its secret and a few minutes', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  const headers = signedHeaders('a secret', 'run-1', '{"a":1}', now)
  expect(isSigned('a secret', headers, '{"a":1}', now)).toBe(true)
  expect(isSigned('a secret', headers, '{"a":2}', now)).toBe(false)
  expect(isSigned('another', headers, '{"a":1}', now)).toBe(false)
  expect(isSigned('a secret', { ...headers, 'webhook-timestamp': String(now / 1_000 + 1) }, '{"a":1}', now)).toBe(false)
  expect(isSigned('a secret', headers, '{"a":1}', now + (SIGNATURE_AGE_S_MAX + 1) * 1_000)).toBe(false)
  expect(isSigned('a secret', {}, '{"a":1}', now)).toBe(false)
})

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
  channel,
  to,
  about: 'raised',
  text: '告警：泵过热',
  alert,
  ...more,
})

describe('the channel', () => {
  test('hook signs what it sends, and sends nothing without a secret', async () => {
    const { url, calls } = await receiver()
    const { hook } = createAlertChannels({ ...own, secret: 'a secret' })
    await hook(notification('hook', url), 'run-1', never)
    expect(JSON.parse(calls[0]?.body ?? '')).toEqual({ type: 'alert.raised', text: '告警：泵过热', data: alert })
    expect(isSigned('a secret', calls[0]?.headers ?? {}, calls[0]?.body ?? '', Date.now())).toBe(true)
    await expect(createAlertChannels(own).hook(notification('hook', url), 'run-1', never)).rejects.toMatchObject({ code: 'hook_unsigned' })
    expect(calls).toHaveLength(1)
  })

  test.each([
    ['slack', { text: '告警：泵过热' }],
    ['feishu', { msg_type: 'text', content: { text: '告警：泵过热' } }],
    ['dingtalk', { msgtype: 'text', text: { content: '告警：泵过热' } }],
  ] as const)('chat speaks to %s', async (format, body) => {
    const { url, calls } = await receiver()
    await createAlertChannels(own).chat(notification('chat', url, { format }), 'run-1', never)
    expect(JSON.parse(calls[0]?.body ?? '')).toEqual(body)
  })

  test('mail goes over SMTP, and says what is missing', async () => {
    const { port, mails } = await smtpServer()
    const channels = createAlertChannels({ smtpUrl: `smtp://127.0.0.1:${port}`, mailFrom: 'colloquy@example.com' })
    await channels.mail(notification('mail', 'ann@example.com', { text: 'Alert (high): hot' }), 'run-1', never)
    expect(mails.join('')).toContain('Subject: Alert (high): hot')
    expect(mails.join('')).toContain('Message-ID: <run-1@colloquy>')
    await expect(createAlertChannels({}).mail(notification('mail', 'ann@example.com'), 'run-1', never)).rejects.toMatchObject({
      code: 'mail_unset',
    })
  })
})

/** As much of SMTP as a client needs to hand over a mail. */
async function smtpServer(): Promise<{ port: number; mails: string[] }> {
  const mails: string[] = []
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
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
  return { port: (server.address() as AddressInfo).port, mails }
}
