import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTenantSettingsReader } from '../../../pipeline/tenants/tenant-settings-reader.ts'
import { cliJson, type CliRun, runCli } from '../../support/run-cli.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

const settings = { ROLES: 'host,dispatch' }
let system: System
let dataDir: string
beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, settings })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

const run = (...args: string[]): Promise<CliRun> => runCli(['tenant', ...args], { dataDir, settings })
const shown = async (...args: string[]): Promise<unknown> => (await cliJson(['tenant', 'get', ...args], { dataDir, settings }))[0]

test('a setting is set, shown with where it comes from, and unset', async () => {
  expect(await shown('acme', 'INTENTS')).toEqual({ version: 0, settings: { INTENTS: { value: 'main', source: 'default' } } })
  expect((await run('set', 'acme', 'INTENTS', 'shop')).stdout).toContain('INTENTS of acme is "shop"')
  await expect.poll(() => shown('acme', 'INTENTS')).toEqual({ version: 1, settings: { INTENTS: { value: 'shop', source: 'tenant' } } })
  await run('set', 'acme', 'INTENTS', 'null')
  await expect.poll(() => shown('acme', 'INTENTS')).toMatchObject({ version: 2, settings: { INTENTS: { source: 'default' } } })
  expect(await shown('other')).toMatchObject({ version: 0 })
})

test('a value that does not fit is refused before it is sent', async () => {
  const refused = await run('set', 'acme', 'UNSURE_BELOW', '3')
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toContain('value of UNSURE_BELOW: must be at most 1')
  expect((await run('set', 'acme', 'NOTHING', '3')).stderr).toContain('It must be one of INTENTS')
})

test('a worker that has read the settings of a tenant sees the next change', async () => {
  const reader = createTenantSettingsReader(system.running.jetstream)
  try {
    expect((await reader.of('beta')).settings.INTENTS).toBe('main')
    await run('set', 'beta', 'INTENTS', 'off')
    await expect.poll(async () => (await reader.of('beta')).settings.INTENTS).toBe('off')
  } finally {
    reader.stop()
  }
})
