import { request } from 'undici'
import { expect, test } from 'vitest'
import { createPublicAgent, isPublicAddress } from '../../../pipeline/hooks/public-address.ts'
import { signatureOf } from '../../../pipeline/hooks/signed-post.ts'

test.each(['8.8.8.8', '114.114.114.114', '2606:4700::1111'])('%s is public', (ip) => expect(isPublicAddress(ip)).toBe(true))

test.each([
  ...[
    '127.0.0.1',
    '127.8.8.8',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
  ],
  ...['::1', '::', 'fe80::1', 'fc00::1', 'fd12::1', '::ffff:127.0.0.1', '::ffff:a00:1', '64:ff9b::7f00:1', '2002:7f00:1::', 'ff02::1'],
])('%s is not', (ip) => expect(isPublicAddress(ip)).toBe(false))

test.each([
  'http://127.0.0.1:9/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://[::1]:9/',
  'http://[::ffff:127.0.0.1]/',
  'http://localhost:9/',
])('does not connect to %s', async (url) => {
  const agent = createPublicAgent(['localhost:10', '127.0.0.1:10'])
  await expect(request(url, { dispatcher: agent })).rejects.toMatchObject({ code: 'hook_address_refused' })
  await agent.destroy()
})

test.each([
  ['http://10.0.0.1/', '10.0.0.1 is not on the public internet'],
  ['http://localhost:9/', 'localhost has the address'],
])('says what is refused: %s', async (url, message) => {
  const agent = createPublicAgent([])
  await expect(request(url, { dispatcher: agent })).rejects.toThrow(message)
  await agent.destroy()
})

test('connects to a host that is allowed: the error is that of the connection', async () => {
  const agent = createPublicAgent(['localhost:9', '127.0.0.1'])
  for (const url of ['http://localhost:9/', 'http://127.0.0.1:9/'])
    await expect(request(url, { dispatcher: agent })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await agent.destroy()
})

test('signs as the example of Standard Webhooks', () => {
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
  expect(signatureOf(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', '{"test": 2432232314}')).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  )
})
