// A process without the package, to compare with.

import Foundation

precondition(Date().timeIntervalSince1970 > 0)
