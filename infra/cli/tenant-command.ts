import { Command, InvalidArgumentError } from 'commander'
import { readTenantSettings, tenantAddress } from '../../pipeline/tenants/tenant-settings-reader.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import {
  isTenantSettingKey,
  TENANT_SETTING_KEYS,
  tenantSettingAbout,
  type TenantSettingKey,
  tenantSettingProblem,
} from '../../schemas/tenant-settings.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { connectToRunningNats, withJetStream } from '../app/connect-to-running.ts'
import { tokenArgument } from './arguments.ts'
import { sendInput } from './send-input.ts'

/** Width of a column of keys. */
const KEY_CHARS = 18

const KEYS_HELP = `\nSettings:\n${TENANT_SETTING_KEYS.map((key) => `  ${key.padEnd(KEY_CHARS)}${tenantSettingAbout(key)}`).join('\n')}`

function keyArgument(text: string): TenantSettingKey {
  if (!isTenantSettingKey(text)) throw new InvalidArgumentError(`It must be one of ${TENANT_SETTING_KEYS.join(', ')}.`)
  return text
}

export const tenantCommand = (context: CommandContext): Command =>
  new Command()
    .addCommand(setCommand(context).name('set').description('set a setting of a tenant; all workers use it from the next message on'))
    .addCommand(getCommand(context).name('get').description('show the settings of a tenant, and where each comes from'))

const setCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('<tenant>', 'the tenant', tokenArgument)
    .argument('<key>', 'the setting', keyArgument)
    .argument('<value>', 'JSON, or a text as it is; null unsets it')
    .option(JSON_FLAG, 'one JSON object: {position}')
    .addHelpText('after', `${KEYS_HELP}\n\nExample:\n  colloquy tenant set acme INTENTS off`)
    .action(async (tenant: string, key: TenantSettingKey, text: string, { json }: JsonOption) => {
      const value = parseJson(text) ?? (text === 'null' ? null : text)
      const problem = value === null ? undefined : tenantSettingProblem(key, value)
      if (problem !== undefined) throw new ColloquyError('bad_tenant_setting', problem)
      const nc = await connectToRunningNats(settings().settings)
      try {
        const input = { type: 'tenant.set', source: 'tenant', data: { key, value } }
        const { position } = await sendInput(nc, { out }, tenantAddress(tenant), input)
        if (json) out.json({ position })
        else out.line(`${key} of ${tenant} ${value === null ? 'is unset' : `is ${JSON.stringify(value)}`} (position ${position})`)
      } finally {
        await nc.close()
      }
    })

const getCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('<tenant>', 'the tenant', tokenArgument)
    .argument('[key]', 'only this setting', keyArgument)
    .option(JSON_FLAG, 'one JSON object: {version, settings: {<key>: {value, source: "tenant" | "default"}}}')
    .addHelpText('after', KEYS_HELP)
    .action(async (tenant: string, only: TenantSettingKey | undefined, { json }: JsonOption) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const { version, settings: effective, set } = await readTenantSettings(jetstream, tenant)
        const shown = (only === undefined ? TENANT_SETTING_KEYS : [only]).map(
          (key) => [key, { value: effective[key], source: Object.hasOwn(set, key) ? 'tenant' : 'default' }] as const,
        )
        if (json) out.json({ version, settings: Object.fromEntries(shown) })
        else for (const [key, { value, source }] of shown) out.line(`${key.padEnd(KEY_CHARS)}${JSON.stringify(value)}  (${source})`)
      })
    })
