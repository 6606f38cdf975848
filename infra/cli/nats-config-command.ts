import { Command } from 'commander'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { PASSWORD_VARIABLE, renderOwnNatsConfig } from '../servers/nats/nats-config.ts'

const USER = 'colloquy'

export const natsConfigCommand = ({ out, settings }: CommandContext): Command =>
  new Command('nats-config')
    .description('print the accounts that protect the streams on a NATS of your own')
    .option(JSON_FLAG, 'one JSON object: {config}')
    .addHelpText(
      'after',
      `
The output holds no password: nats-server takes it from its environment, ${PASSWORD_VARIABLE}. The user is that of COLLOQUY_NATS_USER
(default: ${USER}). "colloquy status" tells whether the server protects the streams.

Example:
  colloquy nats-config > colloquy-accounts.conf     # nats.conf says: include "colloquy-accounts.conf"`,
    )
    .action(({ json }: JsonOption) => {
      const config = renderOwnNatsConfig(settings().settings.NATS_USER ?? USER)
      if (json) out.json({ config })
      else out.line(config.trimEnd())
    })
