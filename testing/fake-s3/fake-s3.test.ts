import { requireTool } from '../requirements.ts'
import { startVersitygw } from '../start-versitygw.ts'
import { describeS3Server } from './contract.ts'
import { startFakeS3 } from './start-fake-s3.ts'

// The same promises by a server that people run: what the tests of the driver believe of the fake is true.
describeS3Server('in this process', () => startFakeS3())
describeS3Server('versitygw', (context) => {
  requireTool(context, 'versitygw')
  return startVersitygw()
})
