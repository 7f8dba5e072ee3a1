// Training in float64, for one target alone: gradients are checked with it.

#include "target.hpp"

#include "batch.hpp"

namespace drywet {

extern const BatchKernel<double> kDouble[3] = {
    DRYWET_TARGET::batch_kernel<double, Cell::kLstm>(),
    DRYWET_TARGET::batch_kernel<double, Cell::kGru>(),
    DRYWET_TARGET::batch_kernel<double, Cell::kRnn>(),
};

}  // namespace drywet
