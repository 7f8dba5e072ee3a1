// play MODEL.json < input.f32 > output.f32: raw float32 through RTNeural; inputs after the first at 0.3.
#include <RTNeural/RTNeural.h>

#include <fstream>
#include <iostream>

int main(int, char** arguments) {
    std::ifstream file(arguments[1]);
    const auto model = RTNeural::json_parser::parseJson<float>(file, false);
    model->reset();
    float input[8];
    for (float& value : input) value = 0.3f;
    while (std::cin.read(reinterpret_cast<char*>(input), sizeof(float))) {
        const float output = model->forward(input);
        std::cout.write(reinterpret_cast<const char*>(&output), sizeof(float));
    }
}
