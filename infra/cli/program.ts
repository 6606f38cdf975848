import { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import type { CommandContext } from '../app/command-context.ts'
import type { Output } from '../app/terminal-output.ts'
import { addSettingFlags, settingsOf } from './setting-flags.ts'

interface Entry {
  /** Its line in the list of commands, and its description if it has no other. */
  readonly about: string
  /** Another name. */
  readonly alias?: string
  readonly load: () => Promise<(cli: CommandContext) => Command>
}

/** All commands. The module of one is loaded when it is asked for: together they take more than a second. */
const COMMANDS: Readonly<Record<string, Entry>> = {
  up: {
    about: 'run Colloquy: the roles of this process, and each server for which no setting gives an address',
    load: async () => (await import('./up-command.ts')).upCommand,
  },
  dev: {
    about: 'run Colloquy while you write a kind: each save takes effect at once, and a page shows the actors',
    load: async () => (await import('./dev-command.ts')).devCommand,
  },
  init: {
    about: 'write a project with a kind, its tests and their CI into an empty folder',
    load: async () => (await import('./init-command.ts')).initCommand,
  },
  publish: {
    about: 'publish one input as a producer does, and print its position in INBOX',
    load: async () => (await import('./publish-command.ts')).publishCommand,
  },
  import: {
    about: 'import conversations, one actor each; importing a file again adds only the turns that are new',
    load: async () => (await import('./import-command.ts')).importCommand,
  },
  tail: {
    about: 'follow the log, one line per record, or the events that actors emit',
    load: async () => (await import('./tail-command.ts')).tailCommand,
  },
  actors: {
    about: 'list actors by kind, state and any condition over their table',
    load: async () => (await import('./actors-command.ts')).actorsCommand,
  },
  show: {
    about: 'show an actor as of its last record or an earlier one, with its history up to there',
    load: async () => (await import('./show-command.ts')).showCommand,
  },
  reset: {
    about: 'take an actor back to its state after one of its records',
    load: async () => (await import('./actor-changes.ts')).resetCommand,
  },
  cancel: {
    about: 'end an actor: its tasks and timers are stopped, later inputs are rejected',
    load: async () => (await import('./actor-changes.ts')).cancelCommand,
  },
  learn: {
    about: 'learn files and folders, so that search finds them and answers cite them; re-running updates only what changed',
    load: async () => (await import('./learn-command.ts')).learnCommand,
  },
  forget: {
    about: 'remove sources from the knowledge: search no longer finds them, and answers no longer cite them',
    load: async () => (await import('./forget-command.ts')).forgetCommand,
  },
  search: {
    about: 'search messages and knowledge by meaning and by word',
    load: async () => (await import('./search-command.ts')).searchCommand,
  },
  status: { about: 'show the position and lag of every stage', load: async () => (await import('./status-command.ts')).statusCommand },
  sql: {
    about: 'query the tables as the user "analyst"; prints a table on a terminal, tab-separated lines elsewhere',
    load: async () => (await import('./sql-command.ts')).sqlCommand,
  },
  questions: {
    alias: 'question',
    about: 'list the questions that the tables answer, or answer one, as the user "analyst"',
    load: async () => (await import('./questions-command.ts')).questionsCommand,
  },
  report: {
    about: 'write the answers to all questions as one HTML file with charts',
    load: async () => (await import('./report-command.ts')).reportCommand,
  },
  tables: { about: 'what each table and column means', load: async () => (await import('./tables-command.ts')).tablesCommand },
  errors: { about: 'what each error code means and what to do', load: async () => (await import('./errors-command.ts')).errorsCommand },
  config: {
    about: 'show the effective settings and where each comes from; secrets are masked',
    load: async () => (await import('./config-command.ts')).configCommand,
  },
  key: { about: 'issue keys of tenants, list and revoke them', load: async () => (await import('./key-command.ts')).keyCommand },
  tenant: { about: 'show the settings of a tenant, or change one', load: async () => (await import('./tenant-command.ts')).tenantCommand },
  schedule: {
    about: 'send inputs to actors by a calendar: add, list and remove schedules',
    load: async () => (await import('./schedule-command.ts')).scheduleCommand,
  },
  models: {
    about: 'list the language models that tasks generate with and how each fares, or test them',
    load: async () => (await import('./models-command.ts')).modelsCommand,
  },
  intents: {
    about: 'teach a tenant what messages may want, and show, forget or restore it',
    load: async () => (await import('./intents/intents-command.ts')).intentsCommand,
  },
  understand: {
    about: 'what a message wants: its act, its intents and why, its entities',
    load: async () => (await import('./understand-command.ts')).understandCommand,
  },
  evaluate: {
    about: 'how good an answer is: its scores, and what lowered them',
    load: async () => (await import('./evaluate-command.ts')).evaluateCommand,
  },
  rescore: {
    about: 'judge recorded answers by a newer evaluator; what has been judged is left out',
    load: async () => (await import('./rescore-command.ts')).rescoreCommand,
  },
  dataset: {
    about: 'write recorded answers with their questions, passages and scores as JSON lines',
    load: async () => (await import('./dataset-command.ts')).datasetCommand,
  },
  backtest: {
    about: 'make recorded lists of recommendations again by other strategies, and compare them with what visitors did next',
    load: async () => (await import('./backtest-command.ts')).backtestCommand,
  },
  experiment: {
    about: 'compare two prompts, models or settings of the search over the questions of a dataset',
    load: async () => (await import('./experiment-command.ts')).experimentCommand,
  },
  review: {
    about: 'list messages whose intent was unsure, or answers that were bad or corrected, and take over what you accept',
    load: async () => (await import('./review-command.ts')).reviewCommand,
  },
  hooks: {
    about: 'call a URL, signed, for each event of a type that actors emit',
    load: async () => (await import('./hooks-command.ts')).hooksCommand,
  },
  prompts: {
    about: 'set prompts in versions, release a version to a share of the conversations, compare texts',
    load: async () => (await import('./prompts/prompts-command.ts')).promptsCommand,
  },
  documents: {
    about: 'list the versions of a document, write a file of one, show the lines in which two differ',
    load: async () => (await import('./documents-command.ts')).documentsCommand,
  },
  'nats-config': {
    about: 'print the accounts that protect the streams on a NATS of your own',
    load: async () => (await import('./nats-config-command.ts')).natsConfigCommand,
  },
  asyncapi: {
    about: 'print the contract for producers as an AsyncAPI 3 document in JSON, with the events of the kinds in CONFIG',
    load: async () => (await import('./asyncapi-command.ts')).asyncApiCommand,
  },
  events: {
    about: 'every event that the kinds take and emit, with the fields of its data',
    load: async () => (await import('./events-command.ts')).eventsCommand,
  },
  openapi: {
    about: 'print the HTTP interface as an OpenAPI 3.1 document in JSON',
    load: async () => (await import('./openapi-command.ts')).openApiCommand,
  },
  kinds: {
    about: 'list the registered kinds, draw them, retire one or accept a changed one',
    load: async () => (await import('./kinds-command.ts')).kindsCommand,
  },
  check: {
    about: 'replay recorded histories through the kinds as they are now, to see before a deployment what would change',
    load: async () => (await import('./check-command.ts')).checkCommand,
  },
  dead: {
    about: 'list, show, redrive or drop dead letters: rejected inputs, and tasks that failed for good',
    load: async () => (await import('./dead/dead-command.ts')).deadCommand,
  },
  verify: {
    about: 'recompute the tables and the search index from the log by a second code path, and list where they differ',
    load: async () => (await import('./verify-command.ts')).verifyCommand,
  },
  rebuild: {
    about: 'rebuild tables from the whole log while the system runs, then swap them in at once',
    load: async () => (await import('./rebuild-command.ts')).rebuildCommand,
  },
  reembed: {
    about: 'build the search index with the model of COLLOQUY_EMBED_MODEL beside the one in use, then switch to it',
    load: async () => (await import('./reembed-command.ts')).reembedCommand,
  },
  backup: {
    about: 'copy the log of a running system into a folder; a folder with an earlier backup gets only what is new',
    load: async () => (await import('./backup-command.ts')).backupCommand,
  },
  restore: {
    about: 'restore a backup into an empty system that is not running',
    load: async () => (await import('./restore-command.ts')).restoreCommand,
  },
}

export const COMMAND_NAMES = Object.keys(COMMANDS)

const MORE = '\nEvery setting is also a flag: "colloquy --help" lists them, "colloquy config" shows their values.'

/**
 * The program `colloquy` with all its commands. Those that the arguments do not name have a name and a description only.
 *
 * @param args the command line after the name of the program
 */
export async function createProgram(
  environment: Readonly<Record<string, string | undefined>>,
  out: Output,
  args: readonly string[],
): Promise<Command> {
  const program = new Command('colloquy')
    .description(packageJson.description)
    .version(packageJson.version)
    .showHelpAfterError('(use --help for more)')
  addSettingFlags(program)
  const cli: CommandContext = { out, settings: () => settingsOf(program, environment) }
  for (const [name, { about, load, alias = name }] of Object.entries(COMMANDS)) {
    const command = args.includes(name) || args.includes(alias) ? (await load())(cli) : new Command()
    command
      .name(name)
      .summary(about)
      .description(command.description() || about)
    if (alias !== name) command.alias(alias)
    program.addCommand(command.copyInheritedSettings(program))
  }
  program.addHelpText('afterAll', ({ command }) => (command === program ? '' : MORE))
  return program
}
