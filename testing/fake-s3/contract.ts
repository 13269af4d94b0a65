// What the tests of a storage driver take for granted of S3, as a mocha suite: the fake and a real server both pass it.
import type { Context } from 'mocha'
import { describeConditions } from './contract/conditions.ts'
import { describeCopies } from './contract/copies.ts'
import { describeListing } from './contract/listing.ts'
import { describeMultipart } from './contract/multipart.ts'
import { describeMultipartLists } from './contract/multipart-lists.ts'
import { describeObjects } from './contract/objects.ts'
import { openSession, type Session, type TestedServer } from './contract/session.ts'
import { describeSignatures } from './contract/signatures.ts'
import { describeWholeBodies } from './contract/whole-bodies.ts'

/** `open` may skip all of it, where the machine lacks the server. */
export function describeS3Server(name: string, open: (context: Context) => Promise<TestedServer>): void {
  describe(`S3 server ${name}`, () => {
    let server: TestedServer | undefined
    let session: Session

    before(async function () {
      server = await open(this)
    })
    beforeEach(() => {
      session = openSession(server as TestedServer)
    })
    afterEach(() => session.close())
    after(() => server?.close())

    const current = (): Session => session
    describeObjects(current)
    describeConditions(current)
    describeWholeBodies(current)
    describeListing(current)
    describeMultipart(current)
    describeMultipartLists(current)
    describeCopies(current)
    describeSignatures(current)
  })
}
