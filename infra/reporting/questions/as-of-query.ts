/** The end of docs/questions.md. */
export const AS_OF = `## As of a sequence

\`freshness\` says how far the tables are: \`projected_seq\` is the LOG sequence up to which everything is in them. To have an answer that
can be had again:

- **What happened by then.** The rows of \`events\`, \`messages\`, \`citations\` (\`seq\`), \`state_intervals\` (\`left_seq\`) and \`dead_letters\`
  (\`seq\`) never change: add \`AND seq <= {at:UInt64}\`.
- **How things stood then.** A row of \`actors\`, \`conversations\`, \`cases\`, \`turns\` and \`tasks\` is replaced when it changes.
  \`colloquy rebuild --into colloquy_monday --to <seq>\` makes all tables as they stood at that sequence in a database of their own. Every
  query of this page runs there unchanged: \`colloquy questions cost --database colloquy_monday\`, and \`colloquy report\` likewise.
- **Not before.** \`SELECT … WHERE (SELECT ok FROM complete_to(seq = 12345))\` fails with \`not_complete\` as long as the tables are not that far.`
