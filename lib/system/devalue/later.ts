/** In the build, what a file of this name imports is loaded when it is asked for. */
import * as devalue from 'devalue';

export const later = (): typeof devalue => devalue;
