// A process without the package, to compare with.

import Foundation

print(Date().timeIntervalSince1970 > 0)
