import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf } from '../../support/http-requests.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

interface Issued {
  readonly key: string
  readonly id: string
}

const ROLES = 'host,dispatch,serve'
let system: System
let cli: { dataDir: string }
beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind], settings: { ROLES } })
  cli = { dataDir: system.settings.DATA_DIR }
})
afterAll(() => system.stop())

const issue = async (...args: string[]): Promise<Issued> => {
  const [issued] = await cliJson<Issued>(['key', 'issue', ...args], cli)
  if (issued === undefined) throw new Error('no key was issued')
  return issued
}
const statusOf = async (url: string, key: string | undefined): Promise<number> => {
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  return (await clientOf(url).get('/v1/actors/acme/toy/a', { headers })).status
}
const urlOf = (one: System): string => one.running.http?.url ?? ''
const refused = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await runCli(['key', ...args], cli)
  expect(code).not.toBe(0)
  return stderr
}

test('keys are issued, listed and revoked, and a restored system has them', async () => {
  expect((await runCli(['key', 'ls'], cli)).stderr).toContain('There are no keys: nothing is protected by one')
  expect((await runCli(['status'], cli)).stdout).toContain('Nothing is protected by keys')
  expect(await statusOf(urlOf(system), undefined)).toBe(404)

  expect(await issue('--admin')).toMatchObject({ tenant: '*', may: ['admin'], kinds: null, expires: null })
  const reading = await issue('acme', '--may', 'read', '--kinds', 'toy', '--expires', '2d')
  const revoked = await issue('acme', '--may', 'publish,read')
  await cliJson(['key', 'revoke', revoked.id], cli)
  await expect.poll(() => statusOf(urlOf(system), revoked.key), { timeout: 5_000 }).toBe(401)
  expect([await statusOf(urlOf(system), undefined), await statusOf(urlOf(system), reading.key)]).toEqual([401, 404])
  expect(await cliJson(['key', 'ls', 'acme'], cli)).toMatchObject([
    { id: reading.id, may: ['read'], kinds: ['toy'], isGood: true, revokedAt: null },
    { id: revoked.id, isGood: false },
  ])
  expect((await runCli(['key', 'ls'], cli)).stdout).not.toContain(reading.key)
  expect((await runCli(['status'], cli)).stdout).toContain('of which 2 are good')

  const folders = [await temporaryFolder(), await temporaryFolder()]
  const [dataDir = '', backup = ''] = folders
  await cliJson(['backup', join(backup, 'all')], cli)
  await cliJson(['restore', join(backup, 'all')], { dataDir })
  const restored = await startSystem({ dataDir, kinds: [toyKind], settings: { ROLES } })
  expect([
    await statusOf(urlOf(restored), undefined),
    await statusOf(urlOf(restored), revoked.key),
    await statusOf(urlOf(restored), reading.key),
  ]).toEqual([401, 401, 404])
  await restored.stop()
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

test('a key that nobody can mean is refused with what is wrong', async () => {
  expect(await refused('issue')).toContain('name either a tenant and its rights with --may, or only --admin')
  expect(await refused('issue', 'acme', '--admin')).toContain('name either a tenant')
  expect(await refused('issue', 'acme', '--may', 'fly')).toContain('It must be a list of publish, read, query, admin.')
  expect(await refused('issue', 'a*', '--may', 'read')).toContain('a*')
  expect(await refused('issue', 'acme', '--may', 'read', '--expires', '2020-01-01')).toContain('It must be a later time')
  expect(await refused('revoke', 'k00')).toContain('there is no key k00')
})
