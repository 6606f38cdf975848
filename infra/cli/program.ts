import { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import type { CommandContext } from '../app/command-context.ts'
import type { Output } from '../app/terminal-output.ts'
import { asyncApiCommand } from './asyncapi-command.ts'
import { backupCommand } from './backup-command.ts'
import { checkCommand } from './check-command.ts'
import { configCommand } from './config-command.ts'
import { deadCommand } from './dead/dead-command.ts'
import { devCommand } from './dev-command.ts'
import { errorsCommand } from './errors-command.ts'
import { forgetCommand } from './forget-command.ts'
import { importCommand } from './import-command.ts'
import { kindsCommand } from './kinds-command.ts'
import { learnCommand } from './learn-command.ts'
import { natsConfigCommand } from './nats-config-command.ts'
import { publishCommand } from './publish-command.ts'
import { questionsCommand } from './questions-command.ts'
import { rebuildCommand } from './rebuild-command.ts'
import { reembedCommand } from './reembed-command.ts'
import { reportCommand } from './report-command.ts'
import { restoreCommand } from './restore-command.ts'
import { searchCommand } from './search-command.ts'
import { addSettingFlags, settingsOf } from './setting-flags.ts'
import { showCommand } from './show-command.ts'
import { sqlCommand } from './sql-command.ts'
import { statusCommand } from './status-command.ts'
import { tablesCommand } from './tables-command.ts'
import { tailCommand } from './tail-command.ts'
import { upCommand } from './up-command.ts'
import { verifyCommand } from './verify-command.ts'

const COMMANDS = [
  upCommand,
  devCommand,
  publishCommand,
  importCommand,
  tailCommand,
  showCommand,
  learnCommand,
  forgetCommand,
  searchCommand,
  statusCommand,
  sqlCommand,
  questionsCommand,
  reportCommand,
  tablesCommand,
  errorsCommand,
  configCommand,
  natsConfigCommand,
  asyncApiCommand,
  kindsCommand,
  checkCommand,
  deadCommand,
  verifyCommand,
  rebuildCommand,
  reembedCommand,
  backupCommand,
  restoreCommand,
]

const MORE = '\nEvery setting is also a flag: "colloquy --help" lists them, "colloquy config" shows their values.'

/** The program `colloquy` with all its commands. */
export function createProgram(environment: Readonly<Record<string, string | undefined>>, out: Output): Command {
  const program = new Command('colloquy')
    .description(packageJson.description)
    .version(packageJson.version)
    .showHelpAfterError('(use --help for more)')
  addSettingFlags(program)
  const cli: CommandContext = { out, settings: () => settingsOf(program, environment) }
  for (const create of COMMANDS) program.addCommand(create(cli).copyInheritedSettings(program))
  program.addHelpText('afterAll', ({ command }) => (command === program ? '' : MORE))
  return program
}
