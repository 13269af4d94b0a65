/**
 * Mocha's spec reporter, which also appends the run's counts to the file that LADING_COUNTS names, so that CI can add up what
 * really ran. CommonJS, because mocha takes a reporter as what the module itself is.
 */
const { appendFileSync } = require('node:fs')
const { reporters } = require('mocha')

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats
      if (process.env.LADING_COUNTS) appendFileSync(process.env.LADING_COUNTS, `${passes} ${failures} ${pending}\n`)
    })
  }
}
